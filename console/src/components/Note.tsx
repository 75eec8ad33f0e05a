import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

const LOOKS = {
  info: [Info, "bg-sunken text-ink", "text-muted"],
  ok: [CircleCheck, "bg-ok-soft text-ink", "text-ok"],
  warn: [TriangleAlert, "bg-warn-soft text-ink", "text-warn"],
  bad: [CircleAlert, "bg-bad-soft text-ink", "text-bad"],
} as const;

/** Something that must be read before going on. */
export function Note({
  tone = "info",
  title,
  children,
  action,
  className,
}: {
  tone?: keyof typeof LOOKS;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  const [Sign, ground, colour] = LOOKS[tone];
  return (
    <div
      role={tone === "bad" ? "alert" : "note"}
      className={cn("flex gap-2.5 rounded-md px-3 py-2.5 text-sm", ground, className)}
    >
      <Sign className={cn("mt-0.5 size-4 shrink-0", colour)} aria-hidden />
      <div className="min-w-0 flex-1 space-y-1">
        {title && <p className="font-medium break-words">{title}</p>}
        {children && <div className="break-words text-muted">{children}</div>}
        {action && <div className="pt-1">{action}</div>}
      </div>
    </div>
  );
}
