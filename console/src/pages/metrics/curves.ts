import type { CurveView, PointView } from "@/api/schema";
import type { Curve } from "@/components/TimeChart";
import { type Measure, measured } from "./useFigures";

type Words = {
  calls: string;
  errors: string;
  p50: string;
  p95: string;
  p99: string;
  bytesIn: string;
  bytesOut: string;
  tokens: string;
};
type Before = (what: string) => string;

/** What is drawn of a measure, over all that was asked for. Errors stand within the calls that they are part of. */
export function curvesOf(measure: Measure, points: PointView[], t: Words): Curve[] {
  const of = (pick: (one: PointView["sums"]) => number | null) => points.map((one) => pick(one.sums));
  switch (measure) {
    case "calls":
      return [
        { label: t.calls, values: of((one) => one.calls), colour: 1, kind: "bars" },
        { label: t.errors, values: of((one) => one.errors), colour: 2, kind: "bars" },
      ];
    case "errors":
      return [{ label: t.errors, values: of((one) => one.errors), colour: 2, kind: "bars" }];
    case "latency":
      return [
        { label: t.p50, values: of((one) => one.p50_ms), colour: 1 },
        { label: t.p95, values: of((one) => one.p95_ms), colour: 4 },
        { label: t.p99, values: of((one) => one.p99_ms), colour: 5 },
      ];
    case "bytes":
      return [
        { label: t.bytesIn, values: of((one) => one.bytes_in), colour: 3 },
        { label: t.bytesOut, values: of((one) => one.bytes_out), colour: 1, kind: "area" },
      ];
    case "tokens":
      return [{ label: t.tokens, values: of((one) => one.tokens), colour: 1, kind: "area" }];
  }
}

/** The same measure in the time before, dashed, step by step beneath the present one. */
export function dashed(measure: Measure, before: PointView[], length: number, t: Words, say: Before): Curve {
  const [label, colour] =
    measure === "latency"
      ? [t.p95, 4 as const]
      : measure === "errors"
        ? [t.errors, 2 as const]
        : measure === "bytes"
          ? [t.bytesOut, 1 as const]
          : [t[measure], 1 as const];
  const values = before.map(({ sums }) => drawnOf(sums, measure));
  const padded = Array.from({ length }, (_, at) => values[at] ?? null);
  return { label: say(label), values: padded, colour, dashed: true };
}

/** A curve for each group, told apart by colour. */
export function curvesBy(measure: Measure, groups: CurveView[]): Curve[] {
  return groups.slice(0, 6).map((group, at) => ({
    label: group.name || group.key || "–",
    values: group.points.map((one) =>
      measure === "latency" ? one.sums.p95_ms : measured(one.sums, measure),
    ),
    colour: (at + 1) as Curve["colour"],
  }));
}

export function timesOf(points: PointView[]): number[] {
  return points.map((one) => Date.parse(one.start) / 1000);
}

function drawnOf(sums: PointView["sums"], measure: Measure): number | null {
  if (measure === "latency") return sums.p95_ms;
  return measure === "bytes" ? sums.bytes_out : sums[measure];
}
