import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { CallView } from "@/api/schema";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Outcome } from "../calls/Outcome";
import { callTexts } from "../calls/texts";
import { joined, useTail } from "../calls/useTail";
import { overviewTexts } from "./texts";

const SHOWN = 20;
const CALLS_ALONE = { events: "false" };

/** The last calls, as they come. Nothing is followed while the page is out of sight. */
export function Tail() {
  const t = useTexts(overviewTexts);
  const query = useQuery({
    queryKey: ["calls", "last"],
    queryFn: () => ask(api.GET("/calls", { params: { query: { limit: SHOWN } } })),
  });
  const tail = useTail<CallView>("/live", CALLS_ALONE, { on: query.isSuccess, paused: false });
  const calls = joined(tail.fresh, query.data?.items ?? []).slice(0, SHOWN);
  const link = (
    <RouteLink to="/calls" search={{ follow: "yes" }} className="text-xs text-accent hover:underline">
      {t.tailAll}
    </RouteLink>
  );
  return (
    <Section title={t.tail} actions={link} flush>
      {query.isLoading && <SkeletonLines className="px-4 pb-4" />}
      {query.data && !calls.length && <p className="px-4 pb-6 text-muted">{t.tailEmpty}</p>}
      <ol>
        {calls.map((one) => (
          <Line key={one.id} call={one} />
        ))}
      </ol>
    </Section>
  );
}

function Line({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const { milliseconds } = useFormats();
  const who = call.client.name ?? call.principal.name;
  return (
    <li className="grid min-h-8 grid-cols-[1rem_minmax(0,1fr)_4.5rem] items-center gap-x-3 border-t border-line px-4 text-sm sm:grid-cols-[1rem_minmax(0,2fr)_minmax(0,1fr)_minmax(0,1fr)_4.5rem_6rem]">
      <Outcome outcome={call.outcome} hideWord />
      <RouteLink to={`/calls/${call.id}`} className="truncate font-medium hover:text-accent">
        {call.name ?? call.method}
      </RouteLink>
      <span className="hidden truncate text-muted sm:block">{call.server?.name ?? t.noServer}</span>
      <span className="hidden truncate text-muted sm:block">{who}</span>
      <span className="tabular text-right text-muted">{milliseconds(call.total_ms)}</span>
      <Time at={call.at} className="hidden text-right text-xs text-muted sm:block" />
    </li>
  );
}
