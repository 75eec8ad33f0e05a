import { useNavigate, useParams } from "@tanstack/react-router";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ServerDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Menu } from "@/components/Menu";
import { Page } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Tabs } from "@/components/Tabs";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { Bindings } from "./bindings/Bindings";
import { Compose } from "./Compose";
import { Connect } from "./connect/Connect";
import { useDiscard } from "./ServersPage";
import { ServerUsage } from "./ServerUsage";
import { SettingsForm } from "./SettingsForm";
import { TryIt } from "./TryIt";
import { texts } from "./texts";
import { useServer } from "./useServer";

export default function ServerPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useServer(id);
  if (query.data) return <Known server={query.data} />;
  return (
    <Page title={t.title} back={{ to: "/servers", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const may = can("server.write", server);
  const beside = (
    <>
      <Badge tone={server.enabled ? "ok" : "plain"}>{server.enabled ? t.on : t.off}</Badge>
      {server.access === "anonymous" && <Badge tone="warn">{t.accesses.anonymous}</Badge>}
    </>
  );
  return (
    <Page
      title={server.name}
      beside={beside}
      about={server.description || undefined}
      back={{ to: "/servers", words: t.back }}
      actions={may && <Actions server={server} />}
    >
      <Tabs
        label={t.tabs}
        tabs={[
          {
            id: "bindings",
            label: t.bindings,
            count: server.bindings.length,
            content: <Bindings server={server} />,
          },
          {
            id: "compose",
            label: t.composing,
            hidden: !may,
            content: <Compose key={server.updated_at} server={server} />,
          },
          { id: "connect", label: t.connect, content: <Connect server={server} /> },
          { id: "try", label: t.tryIt, hidden: !can("server.use"), content: <TryIt server={server} /> },
          {
            id: "usage",
            label: t.usage,
            hidden: !can("call.read"),
            content: <ServerUsage server={server} />,
          },
          {
            id: "settings",
            label: t.settings,
            hidden: !may,
            content: <SettingsForm key={server.updated_at} server={server} />,
          },
        ]}
      />
    </Page>
  );
}

function Actions({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const discard = useDiscard();
  const toggle = useChange(
    () =>
      ask(
        api.PATCH("/servers/{id}", {
          params: { path: { id: server.id } },
          body: { enabled: !server.enabled },
        }),
      ),
    { affects: [["servers"]], done: common.saved },
  );
  const remove = () => {
    discard(server);
    void navigate({ to: "/servers" as never });
  };
  return (
    <Menu
      items={[
        {
          label: t.explain,
          onSelect: () =>
            void navigate({ to: "/explain" as never, search: { server: server.slug } as never }),
        },
        {
          label: t.calls,
          onSelect: () => void navigate({ to: "/calls" as never, search: { server: server.slug } as never }),
        },
        {
          label: `${t.enabled}: ${server.enabled ? common.off : common.on}`,
          onSelect: () => toggle.mutate(),
        },
        "line",
        { label: common.delete, danger: true, onSelect: remove },
      ]}
    />
  );
}
