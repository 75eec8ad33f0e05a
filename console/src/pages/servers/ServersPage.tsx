import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Boxes, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { ServerSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Filters } from "@/components/Filters";
import { Menu } from "@/components/Menu";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { texts } from "./texts";

export default function ServersPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [url] = useUrl();
  const navigate = useNavigate();
  const list = useList(["servers", "list", url.q], (cursor) =>
    ask(api.GET("/servers", { params: { query: { q: url.q, cursor, limit: 100 } } })),
  );
  const compose = can("server.write") && (
    <RouteLink to="/servers/new" className={buttonStyle({ kind: "primary" })}>
      <Plus aria-hidden />
      {t.compose}
    </RouteLink>
  );
  return (
    <Page title={t.title} about={t.about} actions={compose}>
      <Filters search={t.search} names={[]} />
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items.filter((one) => !gone.has(one.id))}
          columns={useColumns()}
          rowKey={(one) => one.id}
          rowHeight={52}
          onOpen={(one) => void navigate({ to: `/servers/${one.slug}` as never })}
          retry={() => void list.refetch()}
          empty={<NoServers filtered={!!url.q} compose={compose} />}
        />
      </Section>
    </Page>
  );
}

function NoServers({ filtered, compose }: { filtered: boolean; compose: ReactNode }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  if (filtered) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  return (
    <Empty sign={Boxes} title={t.empty} action={compose}>
      {t.emptyWords}
    </Empty>
  );
}

function useColumns(): Column<ServerSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const calls = useCallsByServer();
  const { can } = useSession();
  const columns: Column<ServerSummary>[] = [
    {
      id: "name",
      header: t.name,
      width: "minmax(7rem, 2.4fr)",
      cell: (one) => (
        <>
          <RouteLink to={`/servers/${one.slug}`} className="block truncate font-medium hover:text-accent">
            {one.name}
          </RouteLink>
          <span className="block truncate text-xs text-muted">
            {one.description || <Mono>/servers/{one.slug}/mcp</Mono>}
          </span>
        </>
      ),
    },
    {
      id: "has",
      header: t.has,
      width: "minmax(8rem, 1.4fr)",
      from: "sm",
      cell: (one) => (
        <span className="block truncate">
          {t.counts(one.tools.length, one.prompts.length, one.resources.length)}
        </span>
      ),
    },
    {
      id: "state",
      header: t.state,
      width: "5rem",
      from: "md",
      cell: (one) => <Badge tone={one.enabled ? "ok" : "plain"}>{one.enabled ? t.on : t.off}</Badge>,
    },
    {
      id: "access",
      header: t.access,
      width: "9rem",
      from: "lg",
      cell: (one) =>
        one.access === "anonymous" ? <Badge tone="warn">{t.accesses.anonymous}</Badge> : t.accesses.token,
    },
    {
      id: "calls",
      header: t.lastDays,
      width: "minmax(4.5rem, 7rem)",
      align: "right",
      cell: (one) => <Calls count={calls?.get(one.id) ?? calls?.get(one.slug)} known={!!calls} />,
    },
  ];
  if (can("server.write")) {
    columns.push({
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2rem",
      align: "right",
      cell: (one) => can("server.write", one) && <ServerMenu server={one} />,
    });
  }
  return columns;
}

function Calls({ count, known }: { count?: number; known: boolean }) {
  const formats = useFormats();
  return <span className={count ? "" : "text-faint"}>{known ? formats.count(count ?? 0) : "–"}</span>;
}

/** How often each was called in a week; undefined until it is known, or where the caller may not see it. */
function useCallsByServer(): Map<string, number> | undefined {
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["calls", "by server", "7d"],
    queryFn: () =>
      ask(
        api.GET("/metrics/top", {
          params: { query: { by: "server", measure: "calls", since: "7d", limit: 100 } },
        }),
      ),
    enabled: can("call.read"),
  });
  return query.data && new Map(query.data.items.map((one) => [one.key, one.sums.calls]));
}

function ServerMenu({ server }: { server: ServerSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const discard = useDiscard();
  const open = (tab: string) => () =>
    void navigate({ to: `/servers/${server.slug}` as never, search: { tab } as never });
  return (
    <Menu
      label={`${common.actions}: ${server.name}`}
      items={[
        { label: t.connect, onSelect: open("connect") },
        { label: t.composing, onSelect: open("compose") },
        "line",
        { label: common.delete, danger: true, onSelect: () => discard(server) },
      ]}
    />
  );
}

/** Deletes a virtual server, with a way back. */
export function useDiscard() {
  const common = useCommonTexts();
  const { remove } = useRemoval();
  return (server: Pick<ServerSummary, "id" | "name">) =>
    remove({
      id: server.id,
      words: common.deleted(server.name),
      run: () => ask(api.DELETE("/servers/{id}", { params: { path: { id: server.id } } })),
      affects: [["servers"]],
    });
}
