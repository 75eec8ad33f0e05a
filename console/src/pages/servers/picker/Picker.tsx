import { useDeferredValue, useMemo, useState } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { inputStyle, Select } from "@/components/Fields";
import { Hint } from "@/components/Hint";
import { Failed, SkeletonLines } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useMedia } from "@/lib/theme";
import { texts } from "../texts";
import { advertised, type Item, matching, type Wanted } from "./items";
import { PickedList } from "./PickedList";
import { Rows } from "./Rows";
import { useItems } from "./useItems";

type Props = {
  /** Ids, in the order in which they were picked. */
  picked: string[];
  onChange: (picked: string[]) => void;
  /** Names that bindings have already, by capability. */
  given?: ReadonlyMap<string, string>;
};

/** Finds among thousands, and keeps what was picked in sight, whatever is searched for. */
export function Picker({ picked, onChange, given }: Props) {
  const t = useTexts(texts);
  const formats = useFormats();
  const { items, loaded, error, refetch } = useItems();
  const [pane, setPane] = useState("all");
  const beside = useMedia("(min-width: 64rem)");
  const byId = useMemo(() => new Map((items ?? []).map((one) => [one.id, one])), [items]);
  const chosen = useMemo(() => picked.flatMap((id) => byId.get(id) ?? []), [picked, byId]);
  const names = useMemo(() => advertised(chosen, given), [chosen, given]);
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!items) {
    return (
      <div>
        {loaded > 0 && (
          <p className="text-muted" role="status">
            {t.loading(formats.number(loaded))}
          </p>
        )}
        <SkeletonLines lines={8} />
      </div>
    );
  }
  const toggle = (id: string) =>
    onChange(picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id]);
  const candidates = (
    <Candidates items={items} picked={picked} names={names} toggle={toggle} onChange={onChange} />
  );
  const list = <PickedList items={chosen} names={names} toggle={toggle} clear={() => onChange([])} />;
  if (beside) {
    return (
      <div className="grid grid-cols-[minmax(0,3fr)_minmax(0,2fr)] divide-x divide-line">
        <div className="min-w-0 pr-4">{candidates}</div>
        <div className="min-w-0 pl-4">{list}</div>
      </div>
    );
  }
  return (
    <div className="space-y-3">
      <Segments
        label={t.picked}
        value={pane}
        onChange={setPane}
        options={[
          { value: "all", label: t.all },
          { value: "picked", label: t.pickedCount(picked.length) },
        ]}
      />
      {pane === "all" ? candidates : list}
    </div>
  );
}

const ANY: Wanted = { words: "", upstream: "", kind: "", effect: "", tag: "" };
type CandidatesProps = {
  items: Item[];
  picked: string[];
  names: ReadonlyMap<string, string>;
  toggle: (id: string) => void;
  onChange: (picked: string[]) => void;
};

function Candidates({ items, picked, names, toggle, onChange }: CandidatesProps) {
  const t = useTexts(texts);
  const formats = useFormats();
  const [wanted, setWanted] = useState(ANY);
  const late = useDeferredValue(wanted);
  const found = useMemo(() => matching(items, late), [items, late]);
  const chosen = useMemo(() => new Set(picked), [picked]);
  const missing = useMemo(() => found.filter((one) => !chosen.has(one.id)), [found, chosen]);
  const set = (changes: Partial<Wanted>) => setWanted((before) => ({ ...before, ...changes }));
  return (
    <div>
      <input
        type="search"
        aria-label={t.pickSearch}
        placeholder={t.pickSearch}
        value={wanted.words}
        onChange={(event) => set({ words: event.target.value })}
        className={cn(inputStyle, "h-9")}
        autoComplete="off"
        spellCheck={false}
      />
      <Choices items={items} wanted={wanted} set={set} />
      <div className="mt-2 flex min-h-8 flex-wrap items-center justify-between gap-2 text-xs text-muted">
        <span role="status">{t.found(formats.number(found.length))}</span>
        {missing.length > 0 && missing.length < items.length && (
          <Button size="small" onClick={() => onChange([...picked, ...missing.map((one) => one.id)])}>
            {t.pickAll(formats.number(missing.length))}
          </Button>
        )}
      </div>
      <Rows items={found} chosen={chosen} names={names} toggle={toggle} label={t.all} empty={t.noMatches} />
    </div>
  );
}

function Choices({
  items,
  wanted,
  set,
}: {
  items: Item[];
  wanted: Wanted;
  set: (changes: Partial<Wanted>) => void;
}) {
  const t = useTexts(texts);
  const upstreams = useMemo(() => [...new Set(items.map((one) => one.upstream.name))].sort(), [items]);
  const tags = useMemo(() => [...new Set(items.flatMap((one) => one.tags))].sort(), [items]);
  const named = (names: string[]) => names.map((value) => ({ value, label: value }));
  const told = (words: Record<string, string>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  const choices: [keyof Wanted, string, { value: string; label: string }[]][] = [
    ["upstream", t.anyServer, named(upstreams)],
    ["kind", t.anyKind, told(t.kinds)],
    ["effect", t.anyEffect, told(t.effects)],
    ["tag", t.anyTag, named(tags)],
  ];
  return (
    <div className="mt-2 grid grid-cols-2 gap-2 xl:grid-cols-4">
      {choices.map(([name, any, options]) => (
        <Select
          key={name}
          aria-label={any}
          value={wanted[name]}
          onChange={(event) => set({ [name]: event.target.value })}
          options={[{ value: "", label: any }, ...options]}
        />
      ))}
    </div>
  );
}

/** What the definitions cost an agent, in words. */
export function Cost({ tokens, className }: { tokens: number; className?: string }) {
  const t = useTexts(texts);
  const formats = useFormats();
  return (
    <Hint text={t.tokensHelp}>
      <span className={cn("tabular", className)}>{t.tokens(formats.count(tokens))}</span>
    </Hint>
  );
}

export function EffectBadge({ item }: { item: Item }) {
  const t = useTexts(texts);
  if (item.kind !== "tool" || item.effect === "other") return null;
  return item.effect === "read" ? <Badge>{t.readOnly}</Badge> : <Badge tone="warn">{t.destructive}</Badge>;
}
