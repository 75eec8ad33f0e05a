import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { CallView } from "@/api/schema";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Outcome } from "./Outcome";
import { callTexts } from "./texts";

const EACH_SIDE = 5;
const MOST = 500;
/** Minutes after a call within which the next ones are looked for; lists are newest first, so that a short stretch holds the nearest. */
const STRETCHES = [1, 60, 24 * 60];

/** What the same caller called right before and after: what an agent was at. */
export function Neighbours({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const query = useQuery({
    queryKey: ["calls", "neighbours", call.id],
    queryFn: async () => [...(await after(call)), call, ...(await earlier(call))],
  });
  return (
    <Section title={t.neighbours} about={t.neighboursWords} className="mt-4" flush>
      {query.data && query.data.length > 1 ? (
        <ol className="pb-2">
          {query.data.map((one) => (
            <Neighbour key={one.id} call={one} here={one.id === call.id} from={call.at} />
          ))}
        </ol>
      ) : (
        <div className="px-4 pb-4 text-muted">{query.isLoading ? <SkeletonLines /> : t.noNeighbours}</div>
      )}
    </Section>
  );
}

function Neighbour({ call, here, from }: { call: CallView; here: boolean; from: string }) {
  const t = useTexts(callTexts);
  const { milliseconds } = useFormats();
  const apart = Date.parse(call.at) - Date.parse(from);
  const name = call.name ?? call.method;
  return (
    <li
      aria-current={here || undefined}
      className={cn(
        "grid min-h-8 grid-cols-[1.25rem_minmax(0,1fr)_5rem_5rem] items-center gap-x-3 px-4 text-sm",
        here && "bg-accent-soft",
      )}
    >
      <Outcome outcome={call.outcome} hideWord />
      {here ? (
        <span className="truncate font-medium">{name}</span>
      ) : (
        <RouteLink to={`/calls/${call.id}`} className="truncate hover:text-accent">
          {name}
        </RouteLink>
      )}
      <span className="tabular text-right text-muted">{milliseconds(call.total_ms)}</span>
      <span className="tabular text-right text-muted">
        {here ? t.thisOne : `${apart < 0 ? "−" : "+"}${milliseconds(Math.abs(apart))}`}
      </span>
    </li>
  );
}

async function earlier(call: CallView): Promise<CallView[]> {
  const found = await near(call, { until: call.at }, EACH_SIDE + 1);
  return found.filter((one) => one.id < call.id).slice(0, EACH_SIDE);
}

async function after(call: CallView): Promise<CallView[]> {
  for (const minutes of STRETCHES) {
    const until = new Date(Date.parse(call.at) + minutes * 60_000).toISOString();
    const found = (await near(call, { since: call.at, until }, MOST)).filter((one) => one.id > call.id);
    if (found.length) return found.slice(-EACH_SIDE);
  }
  return [];
}

async function near(
  call: CallView,
  range: { since?: string; until?: string },
  limit: number,
): Promise<CallView[]> {
  const query = { ...range, principal: call.principal.id, limit };
  return (await ask(api.GET("/calls", { params: { query } }))).items;
}
