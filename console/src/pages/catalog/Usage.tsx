import { useQuery } from "@tanstack/react-query";
import { ChartNoAxesColumn } from "lucide-react";
import { api, ask } from "@/api/client";
import type { CapabilityView, RankedView, SumsView } from "@/api/schema";
import { Bars, Figure } from "@/components/Bars";
import { buttonStyle } from "@/components/Button";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { Time } from "@/components/Time";
import { TimeChart } from "@/components/TimeChart";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { detailTexts } from "./detailTexts";
import type { Shelf } from "./shelves";

/** Milliseconds: calls go on while one looks. */
const LOOK_AGAIN = 15_000;

/** How often it is called, how long that takes, how often it fails, and who does it; through all of its names. */
export function Usage({ one, shelf }: { one: CapabilityView; shelf: Shelf }) {
  const texts = useTexts(detailTexts).usage;
  const [days, setDays] = useUrlState("days", "30");
  const asked = { upstream: one.upstream.id, original: one.name, method: shelf.method, since: `${days}d` };
  const key = ["calls", "of", one.id, days];
  const totals = useQuery({
    queryKey: [...key, "totals"],
    queryFn: () => ask(api.GET("/metrics/totals", { params: { query: asked } })),
    refetchInterval: LOOK_AGAIN,
  });
  const newest = useQuery({
    queryKey: ["calls", "of", one.id, "newest"],
    queryFn: async () => {
      const { upstream, original, method } = asked;
      const found = await ask(
        api.GET("/calls", { params: { query: { upstream, original, method, limit: 1 } } }),
      );
      return found.items[0] ?? null;
    },
    refetchInterval: LOOK_AGAIN,
  });
  if (totals.error) return <Failed error={totals.error} retry={() => void totals.refetch()} />;
  if (!totals.data) return <SkeletonLines />;
  const { sums } = totals.data;
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <Segments
          label={texts.range}
          options={["7", "30"].map((value) => ({ value, label: texts.days(Number(value)) }))}
          value={days}
          onChange={setDays}
        />
        <RouteLink
          to="/calls"
          search={{ upstream: one.upstream.name, tool: newest.data?.name ?? one.name }}
          className={buttonStyle({})}
        >
          {texts.allCalls}
        </RouteLink>
      </div>
      <Figures sums={sums} lastUsed={newest.data?.at ?? null} />
      {sums.calls > 0 ? <Charts asked={asked} queryKey={key} /> : <Unused />}
    </div>
  );
}

function Unused() {
  const texts = useTexts(detailTexts).usage;
  return (
    <Section>
      <Empty sign={ChartNoAxesColumn} title={texts.empty}>
        {texts.emptyHint}
      </Empty>
    </Section>
  );
}

function Figures({ sums, lastUsed }: { sums: SumsView; lastUsed: string | null }) {
  const texts = useTexts(detailTexts).usage;
  const formats = useFormats();
  const time = (value: number | null) => (value === null ? "–" : formats.milliseconds(value));
  const share = sums.calls ? texts.share(formats.percent(sums.errors / sums.calls)) : undefined;
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure name={texts.calls} value={formats.count(sums.calls)} />
      <Figure name={texts.errors} value={formats.count(sums.errors)} beside={share} />
      <Figure name={texts.p50} value={time(sums.p50_ms)} />
      <Figure name={texts.p95} value={time(sums.p95_ms)} />
      <Figure name={texts.tokens} value={formats.count(sums.tokens)} />
      <Figure
        name={texts.lastUsed}
        value={
          <span className="text-base">
            <Time at={lastUsed} fallback={texts.never} />
          </span>
        }
      />
    </div>
  );
}

type Asked = { upstream: string; original: string; method: string; since: string };

function Charts({ asked, queryKey }: { asked: Asked; queryKey: string[] }) {
  const texts = useTexts(detailTexts).usage;
  const formats = useFormats();
  const series = useQuery({
    queryKey: [...queryKey, "series"],
    queryFn: () => ask(api.GET("/metrics/series", { params: { query: asked } })),
  });
  const points = series.data?.points ?? [];
  return (
    <>
      <Section title={texts.over}>
        {series.data ? (
          <TimeChart
            label={texts.over}
            times={points.map((one) => new Date(one.start).getTime() / 1000)}
            curves={[
              { label: texts.calls, values: points.map((one) => one.sums.calls), colour: 1, kind: "bars" },
              { label: texts.errors, values: points.map((one) => one.sums.errors), colour: 2, kind: "bars" },
            ]}
            write={formats.count}
          />
        ) : (
          <SkeletonLines />
        )}
      </Section>
      <div className="grid gap-4 md:grid-cols-2">
        <Ranking asked={asked} by="server" queryKey={queryKey} title={texts.byServer} />
        <Ranking asked={asked} by="principal" queryKey={queryKey} title={texts.byPrincipal} />
      </div>
    </>
  );
}

type RankingProps = { asked: Asked; by: "server" | "principal"; queryKey: string[]; title: string };

function Ranking({ asked, by, queryKey, title }: RankingProps) {
  const formats = useFormats();
  const texts = useTexts(detailTexts).usage;
  const top = useQuery({
    queryKey: [...queryKey, "top", by],
    queryFn: () => ask(api.GET("/metrics/top", { params: { query: { ...asked, by, limit: 6 } } })),
  });
  const bar = (one: RankedView) => ({
    id: one.key || "-",
    label: one.name || texts.direct,
    value: one.sums.calls,
    written: formats.count(one.sums.calls),
  });
  const items = top.data?.items.map(bar);
  return (
    <Section title={title}>
      {!items && <SkeletonLines lines={3} />}
      {items && items.length > 0 && <Bars items={items} />}
      {items?.length === 0 && <p className="text-sm text-muted">{texts.direct}</p>}
    </Section>
  );
}
