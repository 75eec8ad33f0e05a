import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { AgentDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { Note } from "@/components/Note";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { Failed, SkeletonLines } from "@/components/States";
import { Status, stateTexts } from "@/components/Status";
import { Tabs } from "@/components/Tabs";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { type AgentBody, AgentForm } from "./AgentForm";
import { stateOf } from "./AgentsPage";
import { Card, Connect } from "./Connect";
import { Skills } from "./Skills";
import { Talk } from "./Talk";
import { agentTexts } from "./texts";

const AFFECTED = [["agents"], ["upstreams"], ["tools"]];

export default function AgentPage() {
  const t = useTexts(agentTexts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["agents", id],
    queryFn: () => ask(api.GET("/agents/{id}", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
  if (query.data) return <Known agent={query.data} />;
  return (
    <Page title={t.agent} back={{ to: "/agents", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const { can } = useSession();
  return (
    <Page
      title={agent.name}
      beside={<Status state={stateOf(agent)} />}
      about={agent.description}
      back={{ to: "/agents", words: t.back }}
      actions={can("agent.write", agent) && <Actions agent={agent} />}
    >
      <Wrong agent={agent} />
      <Tabs
        label={agent.name}
        tabs={[
          { id: "talk", label: t.tabs.talk, content: <Talk agent={agent} /> },
          {
            id: "skills",
            label: t.tabs.skills,
            count: agent.skills.length,
            content: <Skills agent={agent} />,
          },
          { id: "connect", label: t.tabs.connect, content: <Connect agent={agent} /> },
          { id: "card", label: t.tabs.card, content: <Card agent={agent} /> },
          {
            id: "settings",
            label: t.tabs.settings,
            hidden: !can("agent.write", agent),
            content: <Settings agent={agent} />,
          },
        ]}
      />
    </Page>
  );
}

function Wrong({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const states = useTexts(stateTexts);
  if (!agent.enabled) return <Note className="mb-4">{t.isOff}</Note>;
  if (!agent.error) return null;
  return (
    <Note tone={agent.status === "down" ? "bad" : "warn"} title={states[agent.status]} className="mb-4">
      {agent.error}
    </Note>
  );
}

function Actions({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  const { milliseconds } = useFormats();
  const { remove } = useRemoval();
  const navigate = useNavigate();
  const params = { path: { id: agent.id } };
  const check = useChange(() => ask(api.POST("/agents/{id}/check", { params })), {
    affects: AFFECTED,
    onDone: (report) =>
      report.ok
        ? toast.success(t.answers(milliseconds(report.milliseconds)))
        : toast.error(t.answersNot, { description: report.error ?? undefined }),
  });
  const refresh = useChange(() => ask(api.POST("/agents/{id}/refresh", { params })), {
    affects: AFFECTED,
    onDone: (after) =>
      after.error ? toast.error(t.answersNot, { description: after.error }) : toast.success(t.refreshed),
  });
  const leave = () => {
    remove({
      id: agent.id,
      words: t.deleted(agent.name),
      run: () => ask(api.DELETE("/agents/{id}", { params })),
      affects: AFFECTED,
    });
    void navigate({ to: "/agents" as never });
  };
  return (
    <>
      <Button busy={check.isPending} disabled={!agent.enabled} onClick={() => check.mutate()}>
        {t.check}
      </Button>
      <Menu
        items={[
          {
            label: t.refresh,
            disabled: !agent.enabled || refresh.isPending,
            onSelect: () => refresh.mutate(),
          },
          "line",
          { label: common.delete, danger: true, onSelect: leave },
        ]}
      />
    </>
  );
}

function Settings({ agent }: { agent: AgentDetails }) {
  const common = useCommonTexts();
  const change = useChange(
    (body: AgentBody) => ask(api.PATCH("/agents/{id}", { params: { path: { id: agent.id } }, body })),
    { quiet: true, affects: AFFECTED, done: common.saved },
  );
  return (
    <Section>
      <AgentForm
        key={agent.updated_at}
        agent={agent}
        action={common.save}
        busy={change.isPending}
        error={change.error}
        onSubmit={(body) => change.mutate(body)}
      />
    </Section>
  );
}
