import { ListFilter } from "lucide-react";
import type { RankedView } from "@/api/schema";
import { Bars } from "@/components/Bars";
import { Select } from "@/components/Fields";
import { Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { useWrite } from "./Course";
import { type CallFilter, DIMENSIONS, type Dimension } from "./filters";
import { Named } from "./Named";
import type { Range } from "./range";
import { metricTexts } from "./texts";
import { BREAKDOWNS, type By, MEASURES, type Measure, measured, useTop } from "./useFigures";

/** A ranking by whatever is wanted; a name leads to what it is, the sign beside it narrows the page to it. */
export function TopList({ filter, range }: { filter: CallFilter; range: Range }) {
  const t = useTexts(metricTexts);
  const [by, setBy] = useUrlState("by", "tool");
  const [measure, setMeasure] = useUrlState("top", "calls");
  const query = useTop(filter, range, known(by, BREAKDOWNS, "tool"), known(measure, MEASURES, "calls"));
  const actions = (
    <div className="flex gap-2">
      <Select
        aria-label={t.by}
        value={by}
        onChange={(event) => setBy(event.target.value)}
        options={BREAKDOWNS.map((value) => ({ value, label: t.dimensions[value] }))}
      />
      <Select
        aria-label={t.measure}
        value={measure}
        onChange={(event) => setMeasure(event.target.value)}
        options={MEASURES.map((value) => ({ value, label: t[value] }))}
      />
    </div>
  );
  return (
    <Section title={t.top} actions={actions}>
      {query.data ? (
        <Ranking by={query.data.by as By} measure={query.data.measure} items={query.data.items} />
      ) : query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonLines lines={6} />
      )}
    </Section>
  );
}

type RankingProps = { by: By; measure: Measure; items: RankedView[]; narrow?: boolean };

export function Ranking({ by, measure, items, narrow = true }: RankingProps) {
  const t = useTexts(metricTexts);
  const { count, percent } = useFormats();
  const write = useWrite(measure);
  if (!items.length) return <p className="py-6 text-center text-muted">{t.nothing}</p>;
  const bars = items.map((one) => {
    const value = measured(one.sums, measure) ?? 0;
    const failed = one.sums.calls ? one.sums.errors / one.sums.calls : 0;
    const second =
      measure === "calls" ? (failed ? t.failed(percent(failed)) : "") : t.callCount(count(one.sums.calls));
    const label = (
      <span key="label" className="inline-flex max-w-full items-center gap-1">
        <span className="min-w-0 truncate">
          <Named by={by} id={one.key} name={one.name} />
        </span>
        {narrow && one.key && <Narrow by={by} id={one.key} name={one.name} />}
      </span>
    );
    return { id: one.key || "-", label, value, written: write(value), second };
  });
  return <Bars items={bars} tone={measure === "errors" ? "bad" : "accent"} />;
}

function Narrow({ by, id, name }: { by: By; id: string; name: string }) {
  const t = useTexts(metricTexts);
  const [, change] = useUrl();
  const dimension = dimensionOf(by);
  return (
    <button
      type="button"
      aria-label={`${t.filterBy}: ${name}`}
      onClick={() => change({ [dimension]: id })}
      className="hidden size-6 shrink-0 place-items-center rounded text-faint sm:grid hover:bg-hover hover:text-ink"
    >
      <ListFilter className="size-3.5" aria-hidden />
    </button>
  );
}

/** The filter that narrows to one of a breakdown. */
function dimensionOf(by: By): Dimension {
  if (by === "prompt" || by === "resource") return "tool";
  return DIMENSIONS.find((one) => one === by) ?? "principal";
}

/** What stands in the address may be anything. */
export function known<T extends string>(value: string, all: readonly T[], usual: T): T {
  return all.find((one) => one === value) ?? usual;
}
