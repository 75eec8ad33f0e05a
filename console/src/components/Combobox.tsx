import { Command } from "cmdk";
import { Check, ChevronsUpDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { inputStyle } from "./Fields";

export type Item = { value: string; label: string; about?: string };
type Props = {
  items: Item[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  label: string;
  /** Said while nothing is chosen. */
  placeholder: string;
  several?: boolean;
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
};

/** One or several of many, found by typing: people, teams, servers. What was picked stays picked, whatever is searched for. */
export function Combobox({ items, chosen, onChange, label, placeholder, several = false, ...wiring }: Props) {
  const [open, setOpen] = useState(false);
  const common = useCommonTexts();
  const names = chosen.map((value) => items.find((one) => one.value === value)?.label ?? value);
  const take = (value: string) => {
    if (!several) {
      onChange(chosen[0] === value ? [] : [value]);
      setOpen(false);
    } else onChange(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          aria-label={label}
          className={cn(inputStyle, "flex min-h-8 items-center justify-between gap-2 py-1 text-left")}
          {...wiring}
        >
          <span className={cn("min-w-0 truncate", !names.length && "text-faint")}>
            {names.join(", ") || placeholder}
          </span>
          <ChevronsUpDown className="size-3.5 shrink-0 text-faint" aria-hidden />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 w-(--radix-popover-trigger-width) min-w-64 overflow-hidden rounded-lg border border-line bg-surface shadow-float"
        >
          <Command label={label}>
            <Command.Input
              placeholder={common.search}
              className="h-9 w-full border-b border-line bg-transparent px-3 text-sm outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-64 overflow-y-auto p-1">
              <Command.Empty className="px-2 py-4 text-center text-muted">
                {common.nothingFound}
              </Command.Empty>
              {items.map((one) => (
                <Command.Item
                  key={one.value}
                  value={`${one.label} ${one.about ?? ""} ${one.value}`}
                  onSelect={() => take(one.value)}
                  className="flex cursor-pointer items-center gap-2 rounded px-2 py-1.5 text-sm data-[selected=true]:bg-hover"
                >
                  <Check
                    className={cn(
                      "size-4 shrink-0",
                      chosen.includes(one.value) ? "text-accent" : "invisible",
                    )}
                    aria-hidden
                  />
                  <span className="min-w-0 flex-1">
                    <span className="block truncate">{one.label}</span>
                    {one.about && <span className="block truncate text-xs text-muted">{one.about}</span>}
                  </span>
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
