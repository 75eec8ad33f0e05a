import { TriangleAlert, X } from "lucide-react";
import { Button, IconButton } from "@/components/Button";
import { Hint } from "@/components/Hint";
import { Empty } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { texts } from "../texts";
import type { Item } from "./items";
import { Cost } from "./Picker";

type Props = {
  items: Item[];
  names: ReadonlyMap<string, string>;
  toggle: (id: string) => void;
  clear: () => void;
};

/** What was picked, by the names that agents will see, with what all of it costs them. */
export function PickedList({ items, names, toggle, clear }: Props) {
  const t = useTexts(texts);
  const tokens = items.reduce((sum, one) => sum + one.tokens, 0);
  return (
    <div>
      <div className="flex min-h-9 items-center justify-between gap-2">
        <p className="flex items-baseline gap-2">
          <span className="font-semibold">{t.pickedCount(items.length)}</span>
          <Cost tokens={tokens} className="text-xs text-muted" />
        </p>
        {items.length > 0 && (
          <Button size="small" kind="quiet" onClick={clear}>
            {t.unpickAll}
          </Button>
        )}
      </div>
      {items.length === 0 ? (
        <Empty title={t.nothingPicked} className="py-10">
          {t.nothingPickedWords}
        </Empty>
      ) : (
        <ul tabIndex={0} aria-label={t.picked} className="max-h-[66vh] overflow-y-auto">
          {items.map((one) => (
            <Picked key={one.id} item={one} name={names.get(one.id) ?? one.name} toggle={toggle} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Picked({ item, name, toggle }: { item: Item; name: string; toggle: (id: string) => void }) {
  const t = useTexts(texts);
  return (
    <li className="flex items-center gap-2 rounded-md py-1 pr-1 pl-2 hover:bg-hover">
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-1.5">
          <span className="truncate">{name}</span>
          {name !== item.name && (
            <Hint text={t.collision}>
              <span tabIndex={0} role="img" aria-label={t.collision} className="rounded text-warn">
                <TriangleAlert className="size-3.5" aria-hidden />
              </span>
            </Hint>
          )}
        </span>
        <span className="block truncate text-xs text-muted">{item.upstream.name}</span>
      </span>
      <IconButton label={t.unpick(name)} onClick={() => toggle(item.id)}>
        <X aria-hidden />
      </IconButton>
    </li>
  );
}
