import { Command } from "cmdk";
import { ListFilter, X } from "lucide-react";
import { Popover } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Button } from "@/components/Button";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { OUTCOMES } from "../calls/Outcome";
import { callTexts } from "../calls/texts";
import { type Choice, DIMENSIONS, type Dimension, filterOf, useChoices } from "./filters";
import type { Range } from "./range";
import { metricTexts } from "./texts";

/** The filters of calls: those that are set, each to be taken away, and a way to set more. All of it stands in the address. */
export function FilterBar({ range, end }: { range: Range; end?: ReactNode }) {
  const common = useCommonTexts();
  const [url, change] = useUrl();
  const filter = filterOf(url);
  const set = DIMENSIONS.filter((one) => filter[one]);
  const clear = (...names: Dimension[]) =>
    change(
      Object.fromEntries(
        [...names, ...(names.includes("principal") ? ["token"] : [])].map((one) => [one, undefined]),
      ),
    );
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      {set.map((one) => (
        <Chip key={one} by={one} value={filter[one] ?? ""} range={range} onRemove={() => clear(one)} />
      ))}
      <AddFilter range={range} onTake={(by, value) => change({ [by]: value })} />
      {set.length > 1 && (
        <Button kind="quiet" onClick={() => clear(...set)}>
          {common.clearFilters}
        </Button>
      )}
      {end && <div className="flex flex-wrap items-center gap-2 sm:ml-auto">{end}</div>}
    </div>
  );
}

function Chip({
  by,
  value,
  range,
  onRemove,
}: {
  by: Dimension;
  value: string;
  range: Range;
  onRemove: () => void;
}) {
  const t = useTexts(metricTexts);
  const calls = useTexts(callTexts);
  const choices = useChoices(by, range, by !== "outcome");
  const found = choices.data?.find((one) => one.value === value || one.label === value);
  const words =
    by === "outcome"
      ? (calls.outcomes[value as keyof typeof calls.outcomes] ?? value)
      : (found?.label ?? value);
  return (
    <span className="inline-flex h-8 max-w-full items-center rounded-md border border-line bg-surface text-sm shadow-xs">
      <span className="min-w-0 truncate pl-2.5">
        <span className="text-muted">{t.dimensions[by]}</span> <span className="font-medium">{words}</span>
      </span>
      <button
        type="button"
        aria-label={t.removeFilter(`${t.dimensions[by]} ${words}`)}
        onClick={onRemove}
        className="ml-0.5 grid size-7 shrink-0 place-items-center rounded text-muted hover:text-ink"
      >
        <X className="size-3.5" aria-hidden />
      </button>
    </span>
  );
}

type Take = (by: Dimension, value: string) => void;

function AddFilter({ range, onTake }: { range: Range; onTake: Take }) {
  const t = useTexts(metricTexts);
  const [open, setOpen] = useState(false);
  const [by, setBy] = useState<Dimension | null>(null);
  const show = (next: boolean) => {
    setBy(null);
    setOpen(next);
  };
  const take: Take = (name, value) => {
    onTake(name, value);
    show(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={show}>
      <Popover.Trigger asChild>
        <Button>
          <ListFilter aria-hidden />
          {t.filter}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={by ? t.dimensions[by] : t.filterBy}
          className="z-50 w-72 overflow-hidden rounded-lg border border-line bg-surface shadow-float"
        >
          {by ? <Values key={by} by={by} range={range} onTake={take} /> : <Names onTake={setBy} />}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const itemStyle =
  "flex min-h-8 cursor-pointer items-center gap-3 rounded px-2 py-1 text-sm data-[selected=true]:bg-hover";
const inputStyle =
  "h-9 w-full border-b border-line bg-transparent px-3 text-sm outline-none placeholder:text-faint";

function Names({ onTake }: { onTake: (by: Dimension) => void }) {
  const t = useTexts(metricTexts);
  return (
    <Command label={t.filterBy}>
      <Command.Input autoFocus placeholder={t.filterBy} className={inputStyle} />
      <Command.List className="max-h-80 overflow-y-auto p-1">
        {DIMENSIONS.map((one) => (
          <Command.Item
            key={one}
            value={t.dimensions[one]}
            onSelect={() => onTake(one)}
            className={itemStyle}
          >
            {t.dimensions[one]}
          </Command.Item>
        ))}
      </Command.List>
    </Command>
  );
}

function Values({ by, range, onTake }: { by: Dimension; range: Range; onTake: Take }) {
  const t = useTexts(metricTexts);
  const common = useCommonTexts();
  const { count } = useFormats();
  const [typed, setTyped] = useState("");
  const { choices, isLoading } = useKnown(by, range);
  const isNew = typed !== "" && by !== "outcome" && !choices.some((one) => one.label === typed);
  return (
    <Command label={t.dimensions[by]}>
      <Command.Input
        autoFocus
        value={typed}
        onValueChange={setTyped}
        placeholder={t.filterValue(t.dimensions[by])}
        className={inputStyle}
      />
      <Command.List className="max-h-80 overflow-y-auto p-1">
        <p role="status" className="px-2 py-1.5 text-muted empty:hidden">
          {isLoading ? common.loading : choices.length ? "" : t.noneCalled}
        </p>
        {choices.map((one) => (
          <Command.Item
            key={one.value}
            value={`${one.label} ${one.value}`}
            onSelect={() => onTake(by, one.value)}
            className={itemStyle}
          >
            <span className="min-w-0 flex-1 truncate">{one.label}</span>
            {one.calls > 0 && <span className="tabular text-xs text-muted">{count(one.calls)}</span>}
          </Command.Item>
        ))}
        {isNew && (
          <Command.Item
            forceMount
            value={`${typed} `}
            onSelect={() => onTake(by, typed.trim())}
            className={itemStyle}
          >
            {t.takeTyped(typed)}
          </Command.Item>
        )}
      </Command.List>
    </Command>
  );
}

/** Outcomes are known beforehand; others are those that were called with. */
function useKnown(by: Dimension, range: Range): { choices: Choice[]; isLoading: boolean } {
  const calls = useTexts(callTexts);
  const found = useChoices(by, range, by !== "outcome");
  if (by !== "outcome") return { choices: found.data ?? [], isLoading: found.isLoading };
  return {
    choices: OUTCOMES.map((value) => ({ value, label: calls.outcomes[value], calls: 0 })),
    isLoading: false,
  };
}
