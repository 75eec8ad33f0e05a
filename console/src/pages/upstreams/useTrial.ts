import { useCallback, useEffect, useRef, useState } from "react";
import { api, ask } from "@/api/client";
import type { TrialView, UpstreamInput } from "@/api/schema";

/** A handshake before anything is saved. Leaving the page, or another start, ends the one that is under way. */
export function useTrial() {
  const [report, setReport] = useState<TrialView>();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const under = useRef<AbortController>(null);
  const stop = useCallback(() => {
    under.current?.abort();
    under.current = null;
    setBusy(false);
  }, []);
  const forget = useCallback(() => {
    setReport(undefined);
    setError(null);
  }, []);
  const start = useCallback(
    async (body: UpstreamInput) => {
      stop();
      forget();
      const controller = new AbortController();
      under.current = controller;
      setBusy(true);
      try {
        setReport(await ask(api.POST("/upstreams/trial", { body, signal: controller.signal })));
      } catch (caught) {
        if (!controller.signal.aborted) setError(caught);
      } finally {
        if (under.current === controller) stop();
      }
    },
    [stop, forget],
  );
  useEffect(() => stop, [stop]);
  return { report, error, busy, start: (body: UpstreamInput) => void start(body), stop, forget };
}
