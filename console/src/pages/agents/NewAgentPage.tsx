import { useNavigate } from "@tanstack/react-router";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { buttonStyle } from "@/components/Button";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { type AgentBody, AgentForm } from "./AgentForm";
import { agentTexts } from "./texts";

export default function NewAgentPage() {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const create = useChange((body: AgentBody) => ask(api.POST("/agents", { body })), {
    quiet: true,
    affects: [["agents"], ["upstreams"], ["tools"]],
    done: (agent) => t.added(agent.name),
    onDone: (agent) => void navigate({ to: `/agents/${agent.id}` as never }),
  });
  const cancel = (
    <RouteLink to="/agents" className={buttonStyle({ kind: "quiet" })}>
      {common.cancel}
    </RouteLink>
  );
  return (
    <Page title={t.add} about={t.newAbout} back={{ to: "/agents", words: t.back }}>
      <Section>
        <AgentForm
          action={t.add}
          busy={create.isPending}
          error={create.error}
          onSubmit={(body) => create.mutate(body)}
          beside={cancel}
        />
      </Section>
    </Page>
  );
}
