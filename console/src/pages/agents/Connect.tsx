import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { AgentDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Code, JsonCode } from "@/components/Code";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { agentTexts } from "./texts";

/** Where A2A clients reach it, and how to try that. */
export function Connect({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const { can } = useSession();
  const token = can("token.write") && (
    <RouteLink to="/tokens/new" search={{ agent: agent.id }} className={buttonStyle()}>
      {t.makeToken}
    </RouteLink>
  );
  return (
    <Section title={t.tabs.connect} about={t.connectAbout} actions={token}>
      <div className="space-y-4">
        <Code text={agent.card_url} title={t.cardUrl} wrap />
        <Code text={agent.endpoint} title={t.endpoint} wrap />
        <Code text={curl(agent)} title={t.curl} wrap />
      </div>
    </Section>
  );
}

/** The card as the agent wrote it. */
export function Card({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const query = useQuery({
    queryKey: ["agents", agent.id, "card", agent.checked_at],
    queryFn: () => ask(api.GET("/agents/{id}/card", { params: { path: { id: agent.id } } })),
    enabled: agent.protocol_versions.length > 0,
    staleTime: 60_000,
  });
  const unknown =
    agent.protocol_versions.length === 0 || (query.error instanceof ApiProblem && query.error.status === 409);
  return (
    <Section title={t.tabs.card} about={t.cardAbout}>
      {unknown ? (
        <p className="text-muted">{t.cardUnknown}</p>
      ) : query.data ? (
        <JsonCode value={query.data} title="agent-card.json" />
      ) : query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonLines lines={8} />
      )}
    </Section>
  );
}

function curl(agent: AgentDetails): string {
  return `curl -H "Authorization: Bearer $TOKEN" '${agent.card_url}'`;
}
