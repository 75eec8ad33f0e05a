import { useMemo } from "react";
import type { PointView } from "@/api/schema";
import { type Curve, TimeChart } from "@/components/TimeChart";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { curvesBy, curvesOf, dashed, timesOf } from "./curves";
import { metricTexts } from "./texts";
import type { Measure, useSeries } from "./useFigures";

type Props = {
  series: NonNullable<ReturnType<typeof useSeries>["data"]>;
  before?: PointView[];
  measure: Measure;
  split?: boolean;
  height?: number;
  onPick?: (since: string, until: string) => void;
};

/** The course of a measure over time, with the time before as a dashed curve. */
export function Course({ series, before, measure, split = false, height = 220, onPick }: Props) {
  const t = useTexts(metricTexts);
  const write = useWrite(measure);
  const { points, groups } = series;
  const curves = useMemo(() => {
    if (split) return curvesBy(measure, groups);
    const drawn = curvesOf(measure, points, t);
    return before ? [...drawn, dashed(measure, before, points.length, t, t.beforeCurve)] : drawn;
  }, [points, groups, before, measure, split, t]);
  const times = useMemo(() => timesOf(points), [points]);
  const name = t.courseOf(t[measure]);
  const summary = useSummary(times, curves[0], write);
  const pick = (at: number) => {
    const start = points[at]?.start;
    const end = points[at + 1]?.start ?? new Date().toISOString();
    if (start) onPick?.(start, end);
  };
  return (
    <TimeChart
      times={times}
      curves={curves}
      write={write}
      height={height}
      label={summary ? `${name}. ${summary}` : name}
      onPick={onPick && pick}
    />
  );
}

export function useWrite(measure: Measure): (value: number) => string {
  const { count, milliseconds, bytes } = useFormats();
  return measure === "latency" ? milliseconds : measure === "bytes" ? bytes : count;
}

/** The chart's first curve in a sentence. */
function useSummary(times: number[], curve: Curve | undefined, write: (value: number) => string): string {
  const t = useTexts(metricTexts);
  const { exact } = useFormats();
  const values = curve?.values.map((one) => one ?? 0) ?? [];
  if (!values.length) return "";
  const most = Math.max(...values);
  const at = exact(new Date((times[values.indexOf(most)] ?? 0) * 1000));
  return t.summary(write(most), at, write(values.at(-1) ?? 0));
}
