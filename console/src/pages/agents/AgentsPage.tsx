import { useNavigate } from "@tanstack/react-router";
import { Bot, Plus } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { AgentSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { type State, Status, stateTexts } from "@/components/Status";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { agentTexts } from "./texts";

const STATES = ["ok", "degraded", "sign_in", "down", "maintenance", "unknown"] as const;

export default function AgentsPage() {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  const states = useTexts(stateTexts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const navigate = useNavigate();
  const [url] = useUrl();
  const status = STATES.find((one) => one === url.status);
  const list = useList(
    ["agents", "list", url.q, status],
    (cursor) => ask(api.GET("/agents", { params: { query: { q: url.q, status, cursor, limit: 100 } } })),
    { refetchInterval: 15_000 },
  );
  const add = can("agent.write") && (
    <RouteLink to="/agents/new" className={buttonStyle({ kind: "primary" })}>
      <Plus aria-hidden />
      {t.add}
    </RouteLink>
  );
  const empty =
    url.q || status ? (
      <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
    ) : (
      <Empty sign={Bot} title={t.empty} action={add}>
        {t.emptyWords}
      </Empty>
    );
  return (
    <Page title={t.title} about={t.about} actions={add}>
      <Filters search={t.search} names={["status"]}>
        <Choice
          name="status"
          label={t.anyState}
          options={STATES.map((value) => ({ value, label: states[value] }))}
        />
      </Filters>
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items.filter((one) => !gone.has(one.id))}
          columns={useColumns()}
          rowKey={(one) => one.id}
          onOpen={(one) => void navigate({ to: `/agents/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={empty}
        />
      </Section>
    </Page>
  );
}

function useColumns(): Column<AgentSummary>[] {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  return [
    { id: "agent", header: t.agent, width: "minmax(10rem, 2fr)", cell: (one) => <Name agent={one} /> },
    { id: "state", header: common.state, width: "9rem", cell: (one) => <Status state={stateOf(one)} /> },
    {
      id: "skills",
      header: t.skills,
      width: "5rem",
      from: "sm",
      align: "right",
      cell: (one) => one.skill_count,
    },
    {
      id: "version",
      header: t.version,
      width: "6rem",
      from: "md",
      cell: (one) => one.protocol_versions.join(", ") || "–",
    },
    {
      id: "checked",
      header: t.checked,
      width: "8rem",
      from: "md",
      cell: (one) => <Time at={one.checked_at} />,
    },
  ];
}

function Name({ agent }: { agent: AgentSummary }) {
  return (
    <>
      <RouteLink to={`/agents/${agent.id}`} className="block truncate font-medium hover:text-accent">
        {agent.name}
      </RouteLink>
      <span className="block truncate text-xs text-muted">{agent.description || agent.url}</span>
    </>
  );
}

export function stateOf(agent: AgentSummary): State {
  return agent.enabled ? agent.status : "off";
}
