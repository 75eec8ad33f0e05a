import { Compass } from "lucide-react";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { Runs } from "./Runs";
import { Tail } from "./Tail";
import { Troubles } from "./Troubles";
import { overviewTexts } from "./texts";
import type { Trouble } from "./trouble";
import { useTroubles, useUpstreams } from "./useTroubles";
import { TopTools, Unused, Watch } from "./Watch";

export default function OverviewPage() {
  const t = useTexts(overviewTexts);
  const { can } = useSession();
  const upstreams = useUpstreams();
  const troubles = useTroubles();
  // What Gatehouse offers itself is an upstream of its own kind, and is there from the beginning.
  const isEmpty = upstreams.data?.every((one) => one.kind === "local") ?? false;
  if (isEmpty) return <FirstSteps troubles={troubles ?? []} />;
  return (
    <Page title={t.title} about={t.about}>
      <div className="space-y-4">
        <Runs upstreams={upstreams.data} />
        <Troubles troubles={troubles} />
        {can("call.read") && !upstreams.isLoading && <Calls />}
      </div>
    </Page>
  );
}

function Calls() {
  return (
    <>
      <Watch />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <Tail />
        <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-1">
          <TopTools />
          <Unused />
        </div>
      </div>
    </>
  );
}

function FirstSteps({ troubles }: { troubles: Trouble[] }) {
  const t = useTexts(overviewTexts);
  const { can } = useSession();
  const action = (
    <>
      <RouteLink to="/start" className={buttonStyle({ kind: "primary" })}>
        {t.firstSteps}
      </RouteLink>
      {can("upstream.write") && (
        <RouteLink to="/upstreams/new" className={buttonStyle()}>
          {t.addServer}
        </RouteLink>
      )}
    </>
  );
  return (
    <Page title={t.title} about={t.about}>
      <div className="space-y-4">
        {troubles.length > 0 && <Troubles troubles={troubles} />}
        <Section>
          <Empty sign={Compass} title={t.emptyTitle} action={action}>
            {t.emptyWords}
          </Empty>
        </Section>
      </div>
    </Page>
  );
}
