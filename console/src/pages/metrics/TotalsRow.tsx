import type { SumsView } from "@/api/schema";
import { Figure } from "@/components/Bars";
import { written } from "@/components/ChartTable";
import { Skeleton } from "@/components/States";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Growth } from "./Growth";
import { metricTexts } from "./texts";

type Kind = "calls" | "errors" | "errorRate" | "p50" | "p95" | "p99" | "bytes" | "tokens";
const ALL: Kind[] = ["calls", "errors", "errorRate", "p50", "p95", "p99", "bytes", "tokens"];
const WORSE: Kind[] = ["errors", "errorRate", "p50", "p95", "p99"];

type Props = { sums?: SumsView; before?: SumsView; kinds?: Kind[]; flat?: boolean };

/** The figures of the range in a row, each with what it was before. `flat`: within a section, without grounds of their own. */
export function TotalsRow({ sums, before, kinds = ALL, flat = false }: Props) {
  const t = useTexts(metricTexts);
  const write = useWriting();
  return (
    <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
      {kinds.map((kind) => {
        const now = sums ? figure(sums, kind) : null;
        const words = sums ? written(now, write[kind]) : <Skeleton className="my-1.5 h-5 w-16" />;
        const then = before && figure(before, kind);
        const grown = <Growth now={now} then={then} write={write[kind]} worse={WORSE.includes(kind)} />;
        return <Figure key={kind} name={t[kind]} value={words} beside={grown} flat={flat} />;
      })}
    </div>
  );
}

function figure(sums: SumsView, kind: Kind): number | null {
  if (kind === "errorRate") return sums.calls ? sums.errors / sums.calls : null;
  if (kind === "bytes") return sums.bytes_in + sums.bytes_out;
  if (kind === "calls" || kind === "errors" || kind === "tokens") return sums[kind];
  return sums[`${kind}_ms`];
}

function useWriting(): Record<Kind, (value: number) => string> {
  const { count, percent, milliseconds, bytes } = useFormats();
  return {
    calls: count,
    errors: count,
    errorRate: percent,
    p50: milliseconds,
    p95: milliseconds,
    p99: milliseconds,
    bytes,
    tokens: count,
  };
}
