import { useNavigate } from "@tanstack/react-router";
import { KeyRound, Plus } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { TokenSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge, type Tone } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { stateOf, type TokenState } from "./state";
import { texts } from "./texts";

const TONES: Record<TokenState, Tone> = { live: "ok", soon: "warn", expired: "plain", revoked: "bad" };

export default function TokensPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const [url] = useUrl();
  const navigate = useNavigate();
  const list = useList(["tokens", "list"], (cursor) =>
    ask(api.GET("/tokens", { params: { query: { cursor, limit: 500 } } })),
  );
  const make = can("token.write") && (
    <RouteLink to="/tokens/new" className={buttonStyle({ kind: "primary" })}>
      <Plus aria-hidden />
      {t.make}
    </RouteLink>
  );
  const rows = list.items.filter((one) => suits(one, url.q, url.state));
  return (
    <Page title={t.title} about={t.about} actions={make}>
      <Filters search={t.search} names={["state"]}>
        <Choice
          name="state"
          label={t.anyState}
          options={Object.entries(t.states).map(([value, label]) => ({ value, label }))}
        />
      </Filters>
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={rows}
          columns={useColumns()}
          rowKey={(one) => one.id}
          onOpen={(one) => void navigate({ to: `/tokens/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={<NoTokens filtered={list.items.length > 0} make={make} />}
        />
      </Section>
    </Page>
  );
}

function NoTokens({ filtered, make }: { filtered: boolean; make: React.ReactNode }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  if (filtered) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  return (
    <Empty sign={KeyRound} title={t.empty} action={make}>
      {t.emptyWords}
    </Empty>
  );
}

function suits(token: TokenSummary, words = "", state = ""): boolean {
  const text = `${token.name} ${token.hint} ${token.owner_name ?? ""} ${token.team_name ?? ""}`.toLowerCase();
  return text.includes(words.toLowerCase()) && (!state || stateOf(token) === state);
}

function useColumns(): Column<TokenSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  return [
    {
      id: "name",
      header: t.name,
      width: "minmax(9rem, 2fr)",
      cell: (one) => (
        <>
          <RouteLink to={`/tokens/${one.id}`} className="block truncate font-medium hover:text-accent">
            {one.name}
          </RouteLink>
          <Mono className="block text-xs text-muted">…{one.hint}</Mono>
        </>
      ),
    },
    { id: "state", header: t.state, width: "7rem", cell: (one) => <TokenBadge token={one} /> },
    {
      id: "opens",
      header: t.opens,
      width: "minmax(8rem, 1.4fr)",
      from: "sm",
      cell: (one) => <Opens token={one} />,
    },
    {
      id: "whose",
      header: t.whose,
      width: "minmax(7rem, 1fr)",
      from: "lg",
      cell: (one) => <Whose token={one} />,
    },
    {
      id: "used",
      header: common.lastUsed,
      width: "8rem",
      from: "md",
      cell: (one) => <Time at={one.last_used_at} fallback={common.never} />,
    },
    {
      id: "expires",
      header: t.expires,
      width: "8rem",
      from: "md",
      cell: (one) => <Time at={one.expires_at} fallback={common.never} />,
    },
  ];
}

export function TokenBadge({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  const state = stateOf(token);
  return <Badge tone={TONES[state]}>{t.states[state]}</Badge>;
}

export function Opens({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  if (token.permissions.includes("*")) return <>{t.everything}</>;
  const parts = [
    token.servers?.length ? t.servers(token.servers.length) : "",
    token.agents?.length ? t.agents(token.agents.length) : "",
    token.permissions.length ? t.permissions(token.permissions.length) : "",
  ].filter(Boolean);
  return <span className="block truncate">{parts.join(", ") || t.nothing}</span>;
}

export function Whose({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  return <span className="block truncate">{token.team_name ?? token.owner_name ?? t.installation}</span>;
}
