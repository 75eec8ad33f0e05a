import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export type Bar = { id: string; label: ReactNode; value: number; written: string; second?: string };

/** A ranking: names with bars under them, the longest being the first. */
export function Bars({
  items,
  tone = "accent",
  className,
}: {
  items: Bar[];
  tone?: "accent" | "bad";
  className?: string;
}) {
  const most = Math.max(1, ...items.map((one) => one.value));
  return (
    <ol className={cn("space-y-2.5", className)}>
      {items.map((one) => (
        <li key={one.id} className="min-w-0 text-sm">
          <div className="flex items-baseline justify-between gap-3">
            <span className="min-w-0 truncate">{one.label}</span>
            <span className="tabular shrink-0 text-muted">
              {one.written}
              {one.second && <span className="text-faint"> {one.second}</span>}
            </span>
          </div>
          <div aria-hidden className="mt-1 h-1 overflow-hidden rounded-full bg-sunken">
            <div
              className={cn("h-full rounded-full", tone === "bad" ? "bg-bad" : "bg-accent")}
              style={{ width: `${Math.max(1, (one.value / most) * 100)}%` }}
            />
          </div>
        </li>
      ))}
    </ol>
  );
}

/** A small curve without axes, beside a figure. */
export function Spark({ values, label, className }: { values: number[]; label: string; className?: string }) {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values
    .map((value, at) => `${(at * step).toFixed(2)},${(23 - (value / most) * 21).toFixed(2)}`)
    .join(" ");
  return (
    <svg
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      className={cn("h-6 w-24 text-accent", className)}
    >
      <polyline
        points={points}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** A figure with its name, and what it was in the time before. */
export function Figure({
  name,
  value,
  beside,
  children,
  flat = false,
}: {
  name: string;
  value: ReactNode;
  beside?: ReactNode;
  children?: ReactNode;
  /** Without a ground of its own, within a section. */
  flat?: boolean;
}) {
  return (
    <div className={cn("min-w-0", !flat && "rounded-lg border border-line bg-surface px-4 py-3")}>
      <p className="truncate text-xs text-muted">{name}</p>
      <p className="mt-1 flex flex-wrap items-baseline gap-x-2">
        <span className="tabular text-xl font-semibold tracking-tight">{value}</span>
        {beside && <span className="tabular text-xs text-muted">{beside}</span>}
      </p>
      {children}
    </div>
  );
}
