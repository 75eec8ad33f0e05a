import type { CallView, ErrorView } from "@/api/schema";
import { Mono } from "@/components/Code";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Duration, longest } from "../calls/Duration";
import { callTexts } from "../calls/texts";
import { What } from "../calls/useCallColumns";
import type { CallFilter } from "./filters";
import type { Range } from "./range";
import { metricTexts } from "./texts";
import { useErrors, useSlowest } from "./useFigures";

type Props = { filter: CallFilter; range: Range };

/** What went wrong, class by class, each with its newest example. */
export function ErrorGroups({ filter, range }: Props) {
  const t = useTexts(metricTexts);
  const query = useErrors(filter, range);
  return (
    <Section title={t.errorGroups} about={t.errorGroupsWords} flush>
      {query.isLoading && <SkeletonLines className="px-4 pb-4" />}
      {query.data?.items.length === 0 && <p className="px-4 pb-6 text-muted">{t.noErrors}</p>}
      <ul>
        {query.data?.items.map((one) => (
          <ErrorGroup key={one.error_class} group={one} />
        ))}
      </ul>
    </Section>
  );
}

function ErrorGroup({ group }: { group: ErrorView }) {
  const t = useTexts(metricTexts);
  const { count } = useFormats();
  const { outcomeHelp } = useTexts(callTexts);
  const { example } = group;
  return (
    <li className="border-t border-line px-4 py-2.5 text-sm">
      <div className="flex items-baseline justify-between gap-3">
        <Mono className="min-w-0 truncate font-medium">{group.error_class || example.outcome}</Mono>
        <span className="tabular shrink-0 text-bad">{count(group.calls)}</span>
      </div>
      <p className="mt-0.5 line-clamp-2 break-words text-muted">
        {example.error ?? outcomeHelp[example.outcome]}
      </p>
      <p className="mt-0.5 flex flex-wrap gap-x-3 text-xs text-muted">
        <span>
          {t.last}: <Time at={group.last} />
        </span>
        <RouteLink to={`/calls/${example.id}`} className="text-accent hover:underline">
          {t.example}: {example.name ?? example.method}
        </RouteLink>
      </p>
    </li>
  );
}

export function Slowest({ filter, range }: Props) {
  const t = useTexts(metricTexts);
  const query = useSlowest(filter, range);
  const calls = query.data?.items ?? [];
  return (
    <Section title={t.slowest} about={t.slowestWords} flush>
      {query.isLoading && <SkeletonLines className="px-4 pb-4" />}
      {query.data && !calls.length && <p className="px-4 pb-6 text-muted">{t.nothing}</p>}
      <ul>
        {calls.map((one) => (
          <SlowCall key={one.id} call={one} most={longest(calls)} />
        ))}
      </ul>
    </Section>
  );
}

function SlowCall({ call, most }: { call: CallView; most: number }) {
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_6rem_5.5rem] items-center gap-3 border-t border-line px-4 py-2 text-sm">
      <div className="min-w-0">
        <What call={call} />
      </div>
      <div className="text-right">
        <Duration call={call} most={most} />
      </div>
      <Time at={call.at} className="text-right text-xs text-muted" />
    </li>
  );
}
