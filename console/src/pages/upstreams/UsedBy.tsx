import type { UpstreamDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Section } from "@/components/Page";
import { useServers } from "@/components/pickers";
import { RouteLink } from "@/components/RouteLink";
import { Empty, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { Course } from "@/pages/metrics/Course";
import { Ranking } from "@/pages/metrics/TopList";
import { TotalsRow } from "@/pages/metrics/TotalsRow";
import { useSeries, useTop, useTotals } from "@/pages/metrics/useFigures";
import { texts } from "./texts";

/** Which virtual servers have something of it, and how much it is called. */
export function UsedBy({ upstream }: { upstream: UpstreamDetails }) {
  const { can } = useSession();
  return (
    <div className="space-y-4">
      {can("server.read") && <Servers upstream={upstream} />}
      {can("call.read") && <Calls upstream={upstream} />}
    </div>
  );
}

function Servers({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const servers = useServers();
  const mine = new Set(
    [...upstream.tools, ...upstream.prompts, ...upstream.resources, ...upstream.resource_templates].map(
      (one) => one.id,
    ),
  );
  const using = (servers.data ?? [])
    .map((one) => ({
      server: one,
      count: [...one.tools, ...one.prompts, ...one.resources].filter((id) => mine.has(id)).length,
    }))
    .filter((one) => one.count > 0);
  const compose = (
    <RouteLink to="/servers/new" className={buttonStyle()}>
      {t.usedByNobodyWords}
    </RouteLink>
  );
  return (
    <Section title={t.usedBy}>
      {servers.isLoading && <SkeletonLines lines={2} />}
      {servers.data && !using.length && <Empty title={t.usedByNobody} action={compose} className="py-6" />}
      <ul className="space-y-2">
        {using.map(({ server, count }) => (
          <li key={server.id} className="flex items-baseline justify-between gap-3">
            <RouteLink
              to={`/servers/${server.slug}`}
              className="min-w-0 truncate font-medium hover:text-accent"
            >
              {server.name}
            </RouteLink>
            <span className="shrink-0 text-muted">{t.bindings(count)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Calls({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const filter = { upstream: upstream.name };
  const range = { since: "7d" };
  const totals = useTotals(filter, range, false);
  const series = useSeries(filter, range);
  const top = useTop(filter, range, "tool", "calls");
  const all = (
    <RouteLink to="/calls" search={{ upstream: upstream.name }} className={buttonStyle({ size: "small" })}>
      {t.allCalls}
    </RouteLink>
  );
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Section title={t.lastWeek} actions={all}>
        <TotalsRow sums={totals.now.data?.sums} kinds={["calls", "errors", "p50", "p95"]} flat />
        <div className="mt-4">
          {series.data ? <Course series={series.data} measure="calls" /> : <SkeletonLines />}
        </div>
      </Section>
      <Section title={t.topTools}>
        {top.data && top.data.items.length === 0 && <p className="text-muted">{t.noCalls}</p>}
        {top.data && top.data.items.length > 0 && (
          <Ranking by="tool" measure="calls" items={top.data.items} narrow={false} />
        )}
      </Section>
    </div>
  );
}
