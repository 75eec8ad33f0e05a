import { Sparkles } from "lucide-react";
import { useState } from "react";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { type Column, DataTable, type Sort } from "@/components/DataTable";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { EndingBar } from "./EndingBar";
import { KINDS, OF, type Of } from "./kinds";
import { unusedTexts } from "./texts";
import { type Row, useUnused } from "./useUnused";

const USUAL = "30d";
const DAYS = [1, 7, 30, 90];

/** What nobody uses, what depends on it, what it costs, and the way to be rid of it. */
export default function UnusedPage() {
  const texts = useTexts(unusedTexts);
  const { can } = useSession();
  const [url, change] = useUrl();
  const possible = OF.filter((one) => can(KINDS[one].read));
  const of = possible.find((one) => one === url.of) ?? possible[0] ?? "tool";
  const since = url.for || USUAL;
  return (
    <Page title={texts.title} about={texts.about}>
      <div className="mb-3 max-w-full">
        <Segments
          label={texts.of.label}
          options={possible.map((value) => ({ value, label: texts.of[value] }))}
          value={of}
          onChange={(value) => change({ of: value === "tool" ? undefined : value, upstream: undefined })}
        />
      </div>
      <List key={of} of={of} since={since} />
    </Page>
  );
}

function List({ of, since }: { of: Of; since: string }) {
  const texts = useTexts(unusedTexts);
  const kind = KINDS[of];
  const { can } = useSession();
  const { gone } = useRemoval();
  const [url] = useUrl();
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [sort, setSort] = useState<Sort>({ by: kind.shelf ? "tokens" : "last", down: !!kind.shelf });
  const found = useUnused(of, since);
  const rows = sorted(
    found.rows.filter((one) => !gone.has(one.id) && isWanted(one, url)),
    sort,
  );
  const names = new Map(rows.map((one) => [one.id, one.name]));
  const selection = { chosen, onChange: setChosen, label: (id: string) => texts.select(names.get(id) ?? id) };
  const picked = found.rows.filter((one) => chosen.has(one.id) && !gone.has(one.id));
  const canWrite = can(kind.write);
  return (
    <>
      <Facets of={of} rows={found.rows} shown={rows} isLoading={found.isLoading} />
      {canWrite && <EndingBar kind={kind} rows={picked} clear={() => setChosen(new Set())} />}
      <Section flush>
        <DataTable<Row>
          label={`${texts.title}: ${texts.of[of]}`}
          columns={useColumns(of)}
          rows={rows}
          rowKey={(one) => one.id}
          isLoading={found.isLoading}
          error={found.error}
          retry={() => void found.refetch()}
          sort={sort}
          onSort={setSort}
          selection={canWrite ? selection : undefined}
          empty={<Nothing filtered={!!(url.q || url.ever || url.upstream)} since={since} />}
        />
      </Section>
    </>
  );
}

function Nothing({ filtered, since }: { filtered: boolean; since: string }) {
  const texts = useTexts(unusedTexts);
  const common = useCommonTexts();
  if (filtered) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  return (
    <Empty sign={Sparkles} title={texts.empty}>
      {texts.emptyHint(spanWords(since, texts.days))}
    </Empty>
  );
}

/** The API takes other spans, too: they are said as they are written. */
function spanWords(since: string, days: (count: number) => string): string {
  const found = /^(\d+)d$/.exec(since);
  return found ? days(Number(found[1])) : since;
}

type FacetsProps = { of: Of; rows: Row[]; shown: Row[]; isLoading: boolean };

function Facets({ of, rows, shown, isLoading }: FacetsProps) {
  const texts = useTexts(unusedTexts);
  const common = useCommonTexts();
  const formats = useFormats();
  const [url] = useUrl();
  const usual = DAYS.filter((one) => one !== 30).map((days) => ({
    value: `${days}d`,
    label: texts.days(days),
  }));
  // The API takes any span, and so does the address.
  const odd =
    url.for && !usual.some((one) => one.value === url.for) ? [{ value: url.for, label: url.for }] : [];
  const spans = [...usual, ...odd];
  const upstreams = [...new Set(rows.flatMap((one) => one.upstream ?? []))].sort();
  const tokens = shown.reduce((sum, one) => sum + (one.enabled === false ? 0 : (one.tokens ?? 0)), 0);
  const words = [
    texts.found(formats.number(shown.length)),
    KINDS[of].shelf ? texts.saved(formats.count(tokens)) : "",
  ];
  return (
    <Filters
      search={common.search}
      names={["for", "ever", "upstream"]}
      end={
        <span className="tabular text-sm text-muted" role="status">
          {isLoading || shown.length === 0 ? "" : words.filter(Boolean).join(", ")}
        </span>
      }
    >
      <Choice name="for" label={texts.days(30)} options={spans} />
      <Choice
        name="ever"
        label={texts.everUsed}
        options={[
          { value: "no", label: texts.onlyNever },
          { value: "yes", label: texts.onlyOnce },
        ]}
      />
      {upstreams.length > 1 && (
        <Choice
          name="upstream"
          label={texts.anyUpstream}
          options={upstreams.map((one) => ({ value: one, label: one }))}
        />
      )}
    </Filters>
  );
}

function useColumns(of: Of): Column<Row>[] {
  const texts = useTexts(unusedTexts);
  const formats = useFormats();
  const kind = KINDS[of];
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: texts.name,
      width: "minmax(0, 3fr)",
      sortable: true,
      cell: (one) => <Named one={one} of={of} />,
    },
  ];
  if (of !== "token" && of !== "server") {
    columns.push({
      id: "servers",
      header: of === "upstream" ? texts.dependsUpstream : texts.depends,
      width: "minmax(0, 2fr)",
      from: "md",
      cell: (one) => <Depending slugs={one.servers} />,
    });
  }
  if (kind.shelf) {
    columns.push({
      id: "tokens",
      header: texts.tokens,
      width: "5rem",
      align: "right",
      sortable: true,
      cell: (one) => (one.tokens === undefined ? "–" : formats.number(one.tokens)),
    });
  }
  columns.push({
    id: "last",
    header: texts.lastUsed,
    width: "8.5rem",
    align: "right",
    sortable: true,
    from: "sm",
    cell: (one) => <Time at={one.last_used_at} fallback={texts.never} />,
  });
  return columns;
}

function Named({ one, of }: { one: Row; of: Of }) {
  const texts = useTexts(unusedTexts);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <RouteLink
        to={KINDS[of].path(one)}
        className="min-w-0 truncate font-mono text-[0.8125rem] font-medium hover:underline"
      >
        {one.name}
      </RouteLink>
      {one.enabled === false && <Badge>{texts.offAlready}</Badge>}
    </span>
  );
}

function Depending({ slugs }: { slugs: string[] }) {
  const texts = useTexts(unusedTexts);
  if (!slugs.length) return <span className="text-faint">{texts.nowhere}</span>;
  return (
    <span className="flex min-w-0 flex-wrap gap-x-2">
      {slugs.slice(0, 3).map((slug) => (
        <RouteLink
          key={slug}
          to={`/servers/${slug}`}
          className="max-w-full truncate text-muted hover:text-ink hover:underline"
        >
          {slug}
        </RouteLink>
      ))}
      {slugs.length > 3 && <span className="text-faint">+{slugs.length - 3}</span>}
    </span>
  );
}

function isWanted(one: Row, url: Record<string, string | undefined>): boolean {
  if (url.q && !one.name.toLowerCase().includes(url.q.toLowerCase())) return false;
  if (url.upstream && one.upstream !== url.upstream) return false;
  if (url.ever === "no") return one.last_used_at === null;
  return url.ever === "yes" ? one.last_used_at !== null : true;
}

function sorted(rows: Row[], { by, down }: Sort): Row[] {
  const value = (one: Row): string | number =>
    by === "tokens" ? (one.tokens ?? 0) : by === "last" ? (one.last_used_at ?? "") : one.name.toLowerCase();
  const order = [...rows].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
  return down ? order.reverse() : order;
}
