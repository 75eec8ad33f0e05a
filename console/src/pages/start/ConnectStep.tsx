import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { useServers } from "@/components/pickers";
import { Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Connect } from "@/pages/servers/connect/Connect";
import { useServer } from "@/pages/servers/useServer";
import { texts } from "./texts";

/** The virtual server that the steps are about: the one that was just made, or the newest. */
export function useChosenServer(): string {
  const [server] = useUrlState("server");
  const servers = useServers();
  return server || (servers.data?.at(-1)?.slug ?? "");
}

export function ConnectStep({ next }: { next: () => void }) {
  const t = useTexts(texts);
  const ref = useChosenServer();
  const query = useServer(ref);
  if (!ref) return <Section>{t.needFirst}</Section>;
  return (
    <div className="space-y-4">
      <p className="text-muted">{t.connectAbout}</p>
      {query.error && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.data ? <Connect server={query.data} /> : <SkeletonLines />}
      <Button kind="primary" onClick={next}>
        {t.next}
      </Button>
    </div>
  );
}
