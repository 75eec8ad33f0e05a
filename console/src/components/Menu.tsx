import { Ellipsis } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { Button } from "./Button";

export type MenuItem =
  | {
      label: string;
      sign?: ReactNode;
      onSelect: () => void;
      danger?: boolean;
      disabled?: boolean;
      checked?: boolean;
    }
  | "line";

/** Actions behind a button; three dots unless `trigger` is another one. */
export function Menu({
  items,
  label,
  trigger,
  align = "end",
}: {
  items: MenuItem[];
  label?: string;
  trigger?: ReactNode;
  align?: "start" | "end";
}) {
  const common = useCommonTexts();
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        {trigger ?? (
          <Button kind="quiet" size="icon" aria-label={label ?? common.actions}>
            <Ellipsis aria-hidden />
          </Button>
        )}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-[70vh] min-w-44 overflow-y-auto rounded-lg border border-line bg-surface p-1 shadow-float"
        >
          {items.map((item, at) =>
            item === "line" ? (
              <DropdownMenu.Separator key={at} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                key={item.label}
                disabled={item.disabled}
                onSelect={item.onSelect}
                className={cn(
                  "flex h-8 cursor-pointer items-center gap-2 rounded px-2 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4",
                  item.danger ? "text-bad" : "text-ink",
                )}
              >
                {item.sign}
                <span className="flex-1">{item.label}</span>
                {item.checked && <span aria-hidden>✓</span>}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
