import type { ServerDetails } from "@/api/schema";
import { Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Course } from "@/pages/metrics/Course";
import { Ranking } from "@/pages/metrics/TopList";
import { TotalsRow } from "@/pages/metrics/TotalsRow";
import { useSeries, useTop, useTotals } from "@/pages/metrics/useFigures";
import { texts } from "./texts";

/** How much it is used, by whom, and how it goes. */
export function ServerUsage({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const [since, setSince] = useUrlState("since", "7d");
  const filter = { server: server.slug };
  const range = { since };
  const totals = useTotals(filter, range, true);
  const series = useSeries(filter, range);
  if (totals.now.error) return <Failed error={totals.now.error} retry={() => void totals.now.refetch()} />;
  return (
    <div className="space-y-4">
      <Segments
        label={t.range}
        value={since}
        onChange={setSince}
        options={Object.entries(t.ranges).map(([value, label]) => ({ value, label }))}
      />
      <TotalsRow sums={totals.now.data?.sums} before={totals.before} />
      <Section title={t.course}>
        {series.data ? <Course series={series.data} measure="calls" /> : <SkeletonLines />}
      </Section>
      <div className="grid gap-4 lg:grid-cols-2">
        <Top title={t.topTools} by="tool" filter={filter} range={range} />
        <Top title={t.topClients} by="client" filter={filter} range={range} />
      </div>
    </div>
  );
}

type TopProps = {
  title: string;
  by: "tool" | "client";
  filter: { server: string };
  range: { since: string };
};

function Top({ title, by, filter, range }: TopProps) {
  const t = useTexts(texts);
  const query = useTop(filter, range, by, "calls");
  return (
    <Section title={title}>
      {query.isLoading && <SkeletonLines />}
      {query.data && query.data.items.length === 0 && <p className="text-muted">{t.noUse}</p>}
      {query.data && query.data.items.length > 0 && (
        <Ranking by={by} measure="calls" items={query.data.items} narrow={false} />
      )}
    </Section>
  );
}
