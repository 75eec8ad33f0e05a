import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api, ask } from "@/api/client";
import type { UpstreamDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { Page } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Status } from "@/components/Status";
import { Tabs } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { Health } from "./Health";
import { Log } from "./Log";
import { Offers } from "./Offers";
import { SettingsForm } from "./SettingsForm";
import { texts } from "./texts";
import { Update } from "./Update";
import { UpstreamMenu, useUpstreamActions } from "./UpstreamMenu";
import { UsedBy } from "./UsedBy";

const AGAIN = 15_000;

export default function UpstreamPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["upstreams", id],
    queryFn: () => ask(api.GET("/upstreams/{id}", { params: { path: { id } } })),
    refetchInterval: AGAIN,
  });
  if (query.data) return <Known upstream={query.data} />;
  return (
    <Page title={t.title} back={{ to: "/upstreams", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const may = can("upstream.write", upstream);
  const offered =
    upstream.tools.length +
    upstream.prompts.length +
    upstream.resources.length +
    upstream.resource_templates.length;
  return (
    <Page
      title={upstream.name}
      beside={<Status state={upstream.enabled ? upstream.status : "off"} />}
      about={upstream.description || undefined}
      back={{ to: "/upstreams", words: t.back }}
      actions={may && <Actions upstream={upstream} />}
    >
      <Trouble upstream={upstream} />
      {may && can("registry.install") && <Update upstream={upstream} />}
      <Tabs
        label={t.tabs}
        tabs={[
          { id: "offers", label: t.offersTab, count: offered, content: <Offers upstream={upstream} /> },
          { id: "used", label: t.usedBy, content: <UsedBy upstream={upstream} /> },
          { id: "health", label: t.health, content: <Health upstream={upstream} /> },
          { id: "log", label: t.log, hidden: !upstream.command, content: <Log upstream={upstream} /> },
          {
            id: "settings",
            label: t.settings,
            hidden: !may,
            content: <SettingsForm key={upstream.updated_at} upstream={upstream} />,
          },
        ]}
      />
    </Page>
  );
}

function Trouble({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  if (upstream.maintenance)
    return <Note className="mb-4" title={t.inMaintenance(upstream.maintenance.note ?? "")} />;
  if (!upstream.error || !upstream.enabled) return null;
  const bad = upstream.status === "down";
  return (
    <Note tone={bad ? "bad" : "warn"} className="mb-4" title={upstream.error}>
      {upstream.status === "sign_in" && t.signIn}
    </Note>
  );
}

function Actions({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const { refresh, check } = useUpstreamActions(upstream);
  return (
    <>
      <Button onClick={() => check.mutate()} busy={check.isPending} disabled={!upstream.enabled}>
        {t.check}
      </Button>
      <Button onClick={() => refresh.mutate()} busy={refresh.isPending} disabled={!upstream.enabled}>
        {t.refresh}
      </Button>
      <UpstreamMenu upstream={upstream} leave />
    </>
  );
}
