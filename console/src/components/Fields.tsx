import { Check, ChevronDown } from "lucide-react";
import { Checkbox as RadixCheckbox, Switch as RadixSwitch } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";

export const inputStyle =
  "w-full rounded-md border border-line-strong/60 bg-surface px-2.5 text-sm text-ink placeholder:text-faint hover:border-line-strong focus-visible:border-accent aria-invalid:border-bad disabled:bg-sunken disabled:text-muted";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return (
    <input className={cn(inputStyle, "h-8", className)} autoComplete="off" spellCheck={false} {...rest} />
  );
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(inputStyle, "min-h-20 py-1.5 leading-5", className)} {...rest} />;
}

export type Option = { value: string; label: string; disabled?: boolean };

/** The browser's own list of choices: it works with every keyboard, reader and telephone. */
export function Select({
  options,
  className,
  ...rest
}: ComponentProps<"select"> & { options: readonly Option[] }) {
  return (
    <span className={cn("relative inline-block w-full", className)}>
      <select className={cn(inputStyle, "h-8 appearance-none pr-8")} {...rest}>
        {options.map((one) => (
          <option key={one.value} value={one.value} disabled={one.disabled} className="bg-surface text-ink">
            {one.label}
          </option>
        ))}
      </select>
      <ChevronDown aria-hidden className="pointer-events-none absolute top-2 right-2 size-4 text-faint" />
    </span>
  );
}

type Wiring = { id: string; "aria-describedby"?: string; "aria-invalid"?: true; required?: boolean };
type FieldProps = {
  label: ReactNode;
  help?: ReactNode;
  error?: string;
  required?: boolean;
  className?: string;
  /** Gets what ties the control to its label, help and error. */
  children: (wiring: Wiring) => ReactNode;
};

export function Field({ label, help, error, required, className, children }: FieldProps) {
  const id = useId();
  const common = useCommonTexts();
  const described = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  const wiring: Wiring = { id, required };
  if (described) wiring["aria-describedby"] = described;
  if (error) wiring["aria-invalid"] = true;
  return (
    <div className={cn("min-w-0 space-y-1.5", className)}>
      <label htmlFor={id} className="flex items-baseline gap-1.5 text-sm font-medium">
        {label}
        {required === false && <span className="text-xs font-normal text-faint">{common.optional}</span>}
      </label>
      {children(wiring)}
      {help && (
        <p id={`${id}-help`} className="text-xs text-muted">
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-xs font-medium text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

type TickProps = {
  checked: boolean | "indeterminate";
  onChange: (checked: boolean) => void;
  label: ReactNode;
};

/** `hiddenLabel`: where the column or row says visibly what is ticked. */
export function Checkbox({
  checked,
  onChange,
  label,
  hiddenLabel,
  disabled,
}: TickProps & { hiddenLabel?: boolean; disabled?: boolean }) {
  const id = useId();
  return (
    <span className="inline-flex items-center gap-2">
      <RadixCheckbox.Root
        id={id}
        checked={checked}
        disabled={disabled}
        onCheckedChange={(value) => onChange(value === true)}
        className="grid size-4.5 shrink-0 place-items-center rounded-sm border border-line-strong bg-surface data-[state=checked]:border-accent data-[state=checked]:bg-accent data-[state=indeterminate]:bg-accent"
      >
        <RadixCheckbox.Indicator>
          {checked === "indeterminate" ? (
            <span className="block h-0.5 w-2 bg-accent-ink" />
          ) : (
            <Check className="size-3.5 text-accent-ink" strokeWidth={3} />
          )}
        </RadixCheckbox.Indicator>
      </RadixCheckbox.Root>
      <label htmlFor={id} className={cn("text-sm", hiddenLabel && "sr-only")}>
        {label}
      </label>
    </span>
  );
}

export function Switch({
  checked,
  onChange,
  label,
  hiddenLabel,
  disabled,
}: TickProps & { hiddenLabel?: boolean; disabled?: boolean }) {
  const id = useId();
  return (
    <span className="inline-flex items-center gap-2.5">
      <RadixSwitch.Root
        id={id}
        checked={checked === true}
        disabled={disabled}
        onCheckedChange={onChange}
        className="relative h-5 w-9 shrink-0 rounded-full border border-line-strong bg-sunken transition-colors data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-50"
      >
        <RadixSwitch.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-line-strong transition-transform data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-accent-ink" />
      </RadixSwitch.Root>
      <label htmlFor={id} className={cn("text-sm", hiddenLabel && "sr-only")}>
        {label}
      </label>
    </span>
  );
}
