import type { CallView } from "@/api/schema";
import { Hint } from "@/components/Hint";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "./texts";

/** How long a call took, over a bar of how much of it was spent at the MCP server. `most`: of the longest in sight. */
export function Duration({ call, most }: { call: CallView; most: number }) {
  const t = useTexts(callTexts);
  const { milliseconds } = useFormats();
  const gateway = Math.max(0, call.total_ms - call.upstream_ms);
  const whole = Math.max(most, call.total_ms, 0.001);
  const share = (value: number) => `${(Math.max(0, value) / whole) * 100}%`;
  const words = t.parts(milliseconds(call.upstream_ms), milliseconds(gateway));
  return (
    <Hint text={words}>
      <span className="block">
        <span className="tabular">{milliseconds(call.total_ms)}</span>
        <span className="sr-only">: {words}</span>
        <span aria-hidden className="mt-1 flex h-1 w-full justify-end overflow-hidden rounded-full bg-sunken">
          <span className="h-full bg-chart-4" style={{ width: share(gateway) }} />
          <span className="h-full bg-chart-1" style={{ width: share(call.upstream_ms) }} />
        </span>
      </span>
    </Hint>
  );
}

/** The longest of them: what bars are measured by. */
export function longest(calls: CallView[]): number {
  return calls.reduce((most, one) => Math.max(most, one.total_ms), 0);
}
