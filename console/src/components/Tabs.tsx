import { Tabs as Radix } from "radix-ui";
import { type ReactNode, useEffect, useRef } from "react";
import { cn } from "@/lib/cn";
import { useUrlState } from "@/lib/urlState";

export type Tab = {
  id: string;
  label: string;
  count?: number | string;
  content: ReactNode;
  hidden?: boolean;
};

/** Tabs whose choice stands in the address (`?tab=`), or under another `name`. */
export function Tabs({ tabs, name = "tab", label }: { tabs: Tab[]; name?: string; label: string }) {
  const shown = tabs.filter((one) => !one.hidden);
  const first = shown[0]?.id ?? "";
  const [wanted, setWanted] = useUrlState(name, first);
  const current = shown.some((one) => one.id === wanted) ? wanted : first;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chosen = list.current?.querySelector(`[data-tab="${current}"]`);
    chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <Radix.Root value={current} onValueChange={setWanted}>
      <Radix.List
        ref={list}
        aria-label={label}
        className="mb-5 flex gap-5 overflow-x-auto border-b border-line"
      >
        {shown.map((one) => (
          <Radix.Trigger
            key={one.id}
            value={one.id}
            data-tab={one.id}
            className={cn(
              "-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent text-sm text-muted outline-offset-[-2px] hover:text-ink",
              "data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink",
            )}
          >
            {one.label}
            {one.count !== undefined && (
              <span className="tabular rounded bg-sunken px-1.5 text-xs text-muted">{one.count}</span>
            )}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {shown.map((one) => (
        <Radix.Content key={one.id} value={one.id} className="outline-none" tabIndex={-1}>
          {one.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** A few choices side by side, of which one is taken. */
export function Segments({
  options,
  value,
  onChange,
  label,
}: {
  options: { value: string; label: string }[];
  value: string;
  onChange: (value: string) => void;
  label: string;
}) {
  return (
    <div
      role="radiogroup"
      aria-label={label}
      className="inline-flex max-w-full gap-0.5 overflow-x-auto rounded-md bg-sunken p-0.5"
    >
      {options.map((one) => (
        <button
          key={one.value}
          type="button"
          role="radio"
          aria-checked={one.value === value}
          onClick={() => onChange(one.value)}
          className="h-7 shrink-0 rounded px-2.5 text-xs font-medium text-muted outline-offset-[-2px] hover:text-ink aria-checked:bg-surface aria-checked:text-ink aria-checked:shadow-xs"
        >
          {one.label}
        </button>
      ))}
    </div>
  );
}
