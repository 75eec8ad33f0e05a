import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

const style = cva(
  "inline-flex h-5 max-w-full items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap",
  {
    variants: {
      tone: {
        plain: "bg-sunken text-muted",
        accent: "bg-accent-soft text-accent-strong",
        ok: "bg-ok-soft text-ok",
        warn: "bg-warn-soft text-warn",
        bad: "bg-bad-soft text-bad",
      },
    },
    defaultVariants: { tone: "plain" },
  },
);
export type Tone = NonNullable<VariantProps<typeof style>["tone"]>;

export function Badge({
  tone,
  children,
  className,
}: {
  tone?: Tone;
  children: ReactNode;
  className?: string;
}) {
  return (
    <span className={cn(style({ tone }), className)}>
      <span className="flex min-w-0 items-center gap-1 truncate [&_svg]:size-3 [&_svg]:shrink-0">
        {children}
      </span>
    </span>
  );
}
