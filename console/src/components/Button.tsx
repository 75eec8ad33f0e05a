import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";
import { Hint } from "./Hint";

export const buttonStyle = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap select-none transition-colors disabled:opacity-50 aria-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      kind: {
        primary: "bg-accent text-accent-ink hover:bg-accent-strong",
        plain: "border border-line bg-surface text-ink shadow-xs hover:bg-hover",
        quiet: "text-muted hover:bg-hover hover:text-ink",
        danger: "border border-line bg-surface text-bad hover:border-bad hover:bg-bad-soft",
      },
      size: {
        small: "h-7 px-2 text-xs",
        medium: "h-8 px-3 text-sm",
        large: "h-10 px-4 text-sm",
        icon: "size-8",
      },
    },
    defaultVariants: { kind: "plain", size: "medium" },
  },
);

type Props = ComponentProps<"button"> & VariantProps<typeof buttonStyle> & { busy?: boolean };

/** `busy` shows that it is under way, and keeps it from being pressed again. */
export function Button({ kind, size, busy = false, className, children, disabled, type, ...rest }: Props) {
  return (
    <button
      type={type ?? "button"}
      className={cn(buttonStyle({ kind, size }), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A button that is a sign alone: `label` is its name, for those who hear it and as its tip. */
export function IconButton({
  label,
  children,
  kind = "quiet",
  ...rest
}: Props & { label: string; children: ReactNode }) {
  return (
    <Hint text={label}>
      <Button kind={kind} size="icon" aria-label={label} {...rest}>
        {children}
      </Button>
    </Hint>
  );
}
