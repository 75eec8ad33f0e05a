import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, ask } from "@/api/client";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Switch } from "@/components/Fields";
import { Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { Course } from "../metrics/Course";
import { RangePicker } from "../metrics/RangePicker";
import { rangeOf } from "../metrics/range";
import { Ranking } from "../metrics/TopList";
import { TotalsRow } from "../metrics/TotalsRow";
import { useSeries, useSeriesBefore, useTop, useTotals } from "../metrics/useFigures";
import { overviewTexts } from "./texts";

const EVERYTHING = {};
const UNUSED_DAYS = 30;

/** Calls and errors over time, with the figures above them. */
export function Watch() {
  const t = useTexts(overviewTexts);
  const [url] = useUrl();
  const [compare, setCompare] = useUrlState("compare");
  const navigate = useNavigate();
  const range = rangeOf(url);
  const { now, before } = useTotals(EVERYTHING, range, compare !== "");
  const series = useSeries(EVERYTHING, range);
  const past = useSeriesBefore(EVERYTHING, range, compare !== "");
  const pick = (since: string, until: string) =>
    void navigate({ to: "/calls" as never, search: { since, until } as never });
  const actions = (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Switch checked={compare !== ""} onChange={(on) => setCompare(on ? "yes" : "")} label={t.compare} />
      <RangePicker ranges={["24h", "7d", "30d"]} />
    </div>
  );
  return (
    <Section title={t.calls} actions={actions}>
      <TotalsRow sums={now.data?.sums} before={before} kinds={["calls", "errorRate", "p50", "p95"]} flat />
      <div className="mt-4">
        {now.data?.sums.calls === 0 ? (
          <NoCalls />
        ) : series.data ? (
          <Course series={series.data} before={past} measure="calls" height={180} onPick={pick} />
        ) : series.error ? (
          <Failed error={series.error} retry={() => void series.refetch()} />
        ) : (
          <SkeletonLines lines={6} className="h-45" />
        )}
      </div>
    </Section>
  );
}

function NoCalls() {
  const t = useTexts(overviewTexts);
  const action = (
    <RouteLink to="/servers" className={buttonStyle()}>
      {t.connect}
    </RouteLink>
  );
  return (
    <Empty title={t.noCalls} action={action}>
      {t.noCallsWords}
    </Empty>
  );
}

export function TopTools() {
  const t = useTexts(overviewTexts);
  const [url] = useUrl();
  const range = rangeOf(url);
  const query = useTop(EVERYTHING, range, "tool", "calls", 8);
  const link = (
    <RouteLink
      to="/metrics"
      search={{ since: url.since, until: url.until }}
      className="text-xs text-accent hover:underline"
    >
      {t.allFigures}
    </RouteLink>
  );
  return (
    <Section title={t.topTools} actions={link}>
      {query.data ? (
        <Ranking by="tool" measure="calls" items={query.data.items} narrow={false} />
      ) : (
        <SkeletonLines lines={6} />
      )}
    </Section>
  );
}

/** How much of what is offered nobody uses. */
export function Unused() {
  const t = useTexts(overviewTexts);
  const { count } = useFormats();
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["metrics", "unused", "tool", `${UNUSED_DAYS}d`],
    queryFn: () =>
      ask(api.GET("/metrics/unused", { params: { query: { of: "tool", unused_for: `${UNUSED_DAYS}d` } } })),
    staleTime: 60_000,
    enabled: can("tool.read"),
  });
  const found = query.data?.items.length ?? 0;
  return (
    <Section title={t.unused}>
      {!query.data ? (
        <SkeletonLines lines={2} />
      ) : found === 0 ? (
        <p className="text-muted">{t.unusedNone(UNUSED_DAYS)}</p>
      ) : (
        <>
          <p className="tabular text-xl font-semibold tracking-tight">{count(found)}</p>
          <p className="mt-1 text-muted">{t.unusedWords(UNUSED_DAYS)}</p>
          <RouteLink to="/unused" className={`${linkStyle} mt-2 inline-block`}>
            {t.unusedSee}
          </RouteLink>
        </>
      )}
    </Section>
  );
}
