import { CircleCheck, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import type { CallView } from "@/api/schema";
import { follow } from "@/api/stream";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { TryIt } from "@/pages/servers/TryIt";
import { useServer } from "@/pages/servers/useServer";
import { useChosenServer } from "./ConnectStep";
import { texts } from "./texts";

/** Waits for a call through the virtual server, whoever makes it. */
export function CallStep() {
  const t = useTexts(texts);
  const ref = useChosenServer();
  const server = useServer(ref);
  const call = useFirstCall(ref);
  const overview = (
    <RouteLink to="/" className={buttonStyle({ kind: "primary" })}>
      {t.overview}
    </RouteLink>
  );
  if (!ref) return <Section>{t.needFirst}</Section>;
  return (
    <div className="space-y-4">
      <div aria-live="polite">
        {call ? (
          <Note tone="ok" title={t.came(call.name ?? "", call.client.name || t.somebody)} action={overview}>
            {t.readyWords}
          </Note>
        ) : (
          <p className="flex items-center gap-2 text-muted">
            <LoaderCircle className="size-4 animate-spin" aria-hidden />
            {t.waiting}
          </p>
        )}
      </div>
      <h2 className="flex items-center gap-2 text-sm font-semibold">
        {call && <CircleCheck className="size-4 text-ok" aria-hidden />}
        {call ? t.ready : t.callHere}
      </h2>
      {server.data ? <TryIt server={server.data} /> : <SkeletonLines />}
    </div>
  );
}

/** The first call that succeeds from now on. */
function useFirstCall(server: string): CallView | undefined {
  const { can } = useSession();
  const [call, setCall] = useState<CallView>();
  const may = can("call.read");
  useEffect(() => {
    if (!server || !may) return;
    const controller = new AbortController();
    const watch = async () => {
      const stream = follow<CallView>("/calls/live", { server, outcome: "ok" }, controller.signal);
      for await (const { value } of stream) {
        setCall(value);
        return;
      }
    };
    // Where the stream ends, the playground below still shows what comes back.
    watch().catch(() => undefined);
    return () => controller.abort();
  }, [server, may]);
  return call;
}
