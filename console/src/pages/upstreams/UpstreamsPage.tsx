import { useNavigate } from "@tanstack/react-router";
import { PlugZap, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { Status as StatusWord, UpstreamSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Status, stateTexts } from "@/components/Status";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { texts } from "./texts";
import { UpstreamMenu } from "./UpstreamMenu";

const AGAIN = 10_000;

export default function UpstreamsPage() {
  const t = useTexts(texts);
  const states = useTexts(stateTexts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [url] = useUrl();
  const navigate = useNavigate();
  const query = {
    q: url.q,
    status: url.status as StatusWord | undefined,
    tag: url.tag,
    kind: "mcp" as const,
  };
  const list = useList(
    ["upstreams", "list", query],
    (cursor) => ask(api.GET("/upstreams", { params: { query: { ...query, cursor, limit: 100 } } })),
    { refetchInterval: AGAIN },
  );
  const add = can("upstream.write") && (
    <RouteLink to="/upstreams/new" className={buttonStyle({ kind: "primary" })}>
      <Plus aria-hidden />
      {t.add}
    </RouteLink>
  );
  return (
    <Page title={t.title} about={t.about} actions={add}>
      <Filters search={t.search} names={["status", "tag"]}>
        <Choice
          name="status"
          label={t.anyState}
          options={(["ok", "degraded", "sign_in", "down", "maintenance"] as const).map((value) => ({
            value,
            label: states[value],
          }))}
        />
      </Filters>
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items.filter((one) => !gone.has(one.id))}
          columns={useColumns()}
          rowKey={(one) => one.id}
          rowHeight={52}
          onOpen={(one) => void navigate({ to: `/upstreams/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={<NoUpstreams filtered={!!(url.q || url.status || url.tag)} add={add} />}
        />
      </Section>
    </Page>
  );
}

function NoUpstreams({ filtered, add }: { filtered: boolean; add: ReactNode }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  if (filtered) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  const ways = (
    <>
      {add}
      <RouteLink to="/registry" className={buttonStyle()}>
        {t.fromRegistry}
      </RouteLink>
    </>
  );
  return (
    <Empty sign={PlugZap} title={t.empty} action={ways}>
      {t.emptyWords}
    </Empty>
  );
}

function useColumns(): Column<UpstreamSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const columns: Column<UpstreamSummary>[] = [
    {
      id: "name",
      header: t.name,
      width: "minmax(9rem, 2.2fr)",
      cell: (one) => (
        <>
          <span className="flex items-center gap-2">
            <RouteLink to={`/upstreams/${one.id}`} className="truncate font-medium hover:text-accent">
              {one.name}
            </RouteLink>
            {one.tags.slice(0, 2).map((tag) => (
              <Badge key={tag} className="hidden md:inline-flex">
                {tag}
              </Badge>
            ))}
          </span>
          <span className="block truncate text-xs text-muted">
            {one.error ?? (one.description || addressOf(one))}
          </span>
        </>
      ),
    },
    {
      id: "state",
      header: t.state,
      width: "minmax(7.5rem, 9rem)",
      cell: (one) => <StateCell upstream={one} />,
    },
    {
      id: "offers",
      header: t.offers,
      width: "minmax(8rem, 1.2fr)",
      from: "md",
      cell: (one) => (
        <>
          <span className="block truncate">{t.toolCount(one.counts.tools)}</span>
          <span className="block truncate text-xs text-muted">
            {t.otherCounts(one.counts.prompts, one.counts.resources + one.counts.resource_templates)}
          </span>
        </>
      ),
    },
    {
      id: "speaks",
      header: t.speaks,
      width: "minmax(8rem, 1fr)",
      from: "lg",
      cell: (one) => <Speaks upstream={one} />,
    },
    {
      id: "looked",
      header: t.looked,
      width: "7rem",
      from: "xl",
      cell: (one) => <Time at={one.checked_at} />,
    },
  ];
  if (can("upstream.write")) {
    columns.push({
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2rem",
      align: "right",
      cell: (one) => can("upstream.write", one) && <UpstreamMenu upstream={one} />,
    });
  }
  return columns;
}

function StateCell({ upstream }: { upstream: UpstreamSummary }) {
  return (
    <>
      <Status state={upstream.enabled ? upstream.status : "off"} />
      {upstream.enabled && upstream.status !== "ok" && upstream.status_since && (
        <Time at={upstream.status_since} className="block text-xs text-muted" />
      )}
    </>
  );
}

function Speaks({ upstream }: { upstream: UpstreamSummary }) {
  const t = useTexts(texts);
  const { detected } = upstream;
  return (
    <>
      <span className="block truncate">{t.transports[detected?.transport ?? upstream.transport]}</span>
      {detected && <span className="block truncate text-xs text-muted">{t.eras[detected.era]}</span>}
    </>
  );
}

/** Where it is, or what is run. */
export function addressOf(upstream: Pick<UpstreamSummary, "url" | "command" | "args">): string {
  return upstream.url ?? [upstream.command, ...upstream.args].filter(Boolean).join(" ");
}
