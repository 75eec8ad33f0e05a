import { useVirtualizer } from "@tanstack/react-virtual";
import { Check } from "lucide-react";
import { memo, useRef } from "react";
import { Badge } from "@/components/Badge";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "../texts";
import type { Item } from "./items";
import { EffectBadge } from "./Picker";

type Props = {
  items: Item[];
  chosen: ReadonlySet<string>;
  names: ReadonlyMap<string, string>;
  toggle: (id: string) => void;
  label: string;
  empty: string;
};
const HEIGHT = 56;

/** Only the rows in sight are in the page; arrow keys go from one to the next. */
export function Rows({ items, chosen, names, toggle, label, empty }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => place.current,
    estimateSize: () => HEIGHT,
    overscan: 8,
  });
  if (!items.length) return <p className="py-10 text-center text-muted">{empty}</p>;
  return (
    <div
      ref={place}
      role="group"
      aria-label={label}
      className="h-[56vh] min-h-72 overflow-y-auto"
      onKeyDown={moveByKey}
    >
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((row) => {
          const item = items[row.index];
          return item ? (
            <div
              key={item.id}
              className="absolute inset-x-0 top-0"
              style={{ height: HEIGHT, transform: `translateY(${row.start}px)` }}
            >
              <Row item={item} picked={chosen.has(item.id)} name={names.get(item.id)} toggle={toggle} />
            </div>
          ) : null;
        })}
      </div>
    </div>
  );
}

const Row = memo(function Row({
  item,
  picked,
  name,
  toggle,
}: {
  item: Item;
  picked: boolean;
  name?: string;
  toggle: (id: string) => void;
}) {
  const t = useTexts(texts);
  const formats = useFormats();
  const other = name !== undefined && name !== item.name;
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={picked}
      onClick={() => toggle(item.id)}
      className={cn(
        "flex h-full w-full items-center gap-3 rounded-md px-2 text-left outline-offset-[-2px] hover:bg-hover",
        picked && "bg-accent-soft/50",
      )}
    >
      <span
        aria-hidden
        className={cn(
          "grid size-4.5 shrink-0 place-items-center rounded-sm border border-line-strong bg-surface",
          picked && "border-accent bg-accent",
        )}
      >
        {picked && <Check className="size-3.5 text-accent-ink" strokeWidth={3} />}
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-2">
          <span className="truncate font-medium">{item.name}</span>
          {other && <Badge tone="accent">{t.asName(name)}</Badge>}
          {item.kind !== "tool" && <Badge>{t.kind[item.kind]}</Badge>}
          <EffectBadge item={item} />
          {item.gone && <Badge tone="bad">{t.gone}</Badge>}
        </span>
        <span className="block truncate text-xs text-muted">
          {item.upstream.name}
          {item.description && ` · ${item.description}`}
        </span>
      </span>
      <span className="tabular shrink-0 text-xs text-faint">{formats.count(item.tokens)}</span>
    </button>
  );
});

function moveByKey(event: React.KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("button")].sort(
    (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
  );
  const next = rows[rows.indexOf(event.target as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
