import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import { Select, Switch } from "@/components/Fields";
import { Page, Section } from "@/components/Page";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Course } from "./Course";
import { ExportMenu } from "./ExportMenu";
import { ErrorGroups, Slowest } from "./Failures";
import { FilterBar } from "./FilterBar";
import { type CallFilter, useFilter } from "./filters";
import { RangePicker } from "./RangePicker";
import type { Range } from "./range";
import { known, TopList } from "./TopList";
import { TotalsRow } from "./TotalsRow";
import { metricTexts } from "./texts";
import { BREAKDOWNS, type By, MEASURES, useSeries, useSeriesBefore, useTotals } from "./useFigures";

type Props = { filter: CallFilter; range: Range; compare: boolean };

export default function MetricsPage() {
  const t = useTexts(metricTexts);
  const { filter, range } = useFilter();
  const [compare, setCompare] = useUrlState("compare");
  const [by] = useUrlState("by", "tool");
  const [measure] = useUrlState("top", "calls");
  const { now, before } = useTotals(filter, range, compare !== "");
  const exporting = {
    filter,
    range,
    by: known(by, BREAKDOWNS, "tool"),
    measure: known(measure, MEASURES, "calls"),
  };
  const nothing = now.data?.sums.calls === 0;
  return (
    <Page title={t.title} about={t.about} actions={<ExportMenu {...exporting} />}>
      <FilterBar
        range={range}
        end={
          <>
            <Switch
              checked={compare !== ""}
              onChange={(on) => setCompare(on ? "yes" : "")}
              label={t.compare}
            />
            <RangePicker own />
          </>
        }
      />
      {now.error ? (
        <Failed error={now.error} retry={() => void now.refetch()} />
      ) : (
        <TotalsRow sums={now.data?.sums} before={before} />
      )}
      {nothing ? (
        <Section className="mt-4">
          <Empty sign={ChartNoAxesColumn} title={t.nothing}>
            {t.nothingWords}
          </Empty>
        </Section>
      ) : (
        <Details filter={filter} range={range} compare={compare !== ""} />
      )}
    </Page>
  );
}

function Details({ filter, range, compare }: Props) {
  return (
    <>
      <CourseSection filter={filter} range={range} compare={compare} />
      <div className="mt-4 grid items-start gap-4 lg:grid-cols-2">
        <TopList filter={filter} range={range} />
        <Slowest filter={filter} range={range} />
      </div>
      <div className="mt-4">
        <ErrorGroups filter={filter} range={range} />
      </div>
    </>
  );
}

function CourseSection({ filter, range, compare }: Props) {
  const t = useTexts(metricTexts);
  const navigate = useNavigate();
  const [shown, setShown] = useUrlState("show", "calls");
  const [split, setSplit] = useUrlState("split");
  const by = BREAKDOWNS.find((one) => one === split) as By | undefined;
  const measure = known(shown, MEASURES, "calls");
  const series = useSeries(filter, range, by);
  const before = useSeriesBefore(filter, range, compare && !by);
  const pick = (since: string, until: string) =>
    void navigate({ to: "/calls" as never, search: { ...filter, since, until } as never });
  const actions = (
    <div className="flex max-w-full flex-wrap items-center gap-2">
      <Segments
        label={t.shown}
        value={measure}
        onChange={setShown}
        options={MEASURES.map((value) => ({ value, label: t[value] }))}
      />
      <Select
        aria-label={t.split}
        className="w-auto"
        value={by ?? ""}
        onChange={(event) => setSplit(event.target.value)}
        options={[
          { value: "", label: t.notSplit },
          ...BREAKDOWNS.map((value) => ({ value, label: t.dimensions[value] })),
        ]}
      />
    </div>
  );
  return (
    <Section title={t.course} actions={actions} className="mt-4">
      {series.data ? (
        <Course
          series={series.data}
          before={before}
          measure={measure}
          split={by !== undefined}
          onPick={pick}
        />
      ) : series.error ? (
        <Failed error={series.error} retry={() => void series.refetch()} />
      ) : (
        <SkeletonLines lines={8} className="h-55" />
      )}
    </Section>
  );
}
