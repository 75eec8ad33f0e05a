import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { type Language, useLanguage } from "@/lib/i18n";
import { useTheme } from "@/lib/theme";
import { ChartTable, written } from "./ChartTable";

export type Curve = {
  label: string;
  values: (number | null)[];
  /** `1` to `6`: which colour of the charts. */
  colour: 1 | 2 | 3 | 4 | 5 | 6;
  kind?: "line" | "bars" | "area";
  /** For what is beside the matter, as the time before. */
  dashed?: boolean;
};
type Props = {
  /** Seconds since the epoch. */
  times: number[];
  curves: Curve[];
  /** How a value is written, on the axis and under the pointer. */
  write: (value: number) => string;
  height?: number;
  /** What the picture shows, for those who hear it. */
  label: string;
  className?: string;
  /** A click on a moment, told by its place in `times`. */
  onPick?: (at: number) => void;
  /** Offer the figures as a table, too. */
  table?: boolean;
};

/** Values over time. Under the pointer each curve tells its value; the legend above it does, too. */
export function TimeChart(props: Props) {
  const { times, curves, write, height = 180, label, className, onPick, table = true } = props;
  const place = useRef<HTMLDivElement>(null);
  const formats = useFormats();
  const { language } = useLanguage();
  const { dark } = useTheme();
  const [at, setAt] = useState<number | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const data = useMemo(
    () => [times, ...curves.map((one) => one.values)] as uPlot.AlignedData,
    [times, curves],
  );
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const drawing = { width: element.clientWidth, height, curves, write, language, point: setAt };
    const plot = new uPlot(options(drawing), data, element);
    const click = () => typeof plot.cursor.idx === "number" && pick.current?.(plot.cursor.idx);
    plot.over.addEventListener("click", click);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [data, height, write, dark, language]);
  const moment = at === null ? undefined : times[at];
  return (
    <figure className={cn("min-w-0", className)} aria-label={label}>
      <figcaption className="mb-1 flex min-h-5 flex-wrap items-center gap-x-4 text-xs text-muted">
        {curves.map((one) => (
          <span key={one.label} className="inline-flex max-w-full items-center gap-1.5">
            <Mark curve={one} />
            <span className="truncate">{one.label}</span>
            {at !== null && (
              <span className="tabular font-medium text-ink">{written(one.values[at], write)}</span>
            )}
          </span>
        ))}
        {moment !== undefined && (
          <span className="tabular ml-auto">{formats.exact(new Date(moment * 1000))}</span>
        )}
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={label}
        style={{ height }}
        className={cn(onPick && "[&_.u-over]:cursor-pointer")}
      />
      {table && <ChartTable times={times} curves={curves} write={write} label={label} onPick={onPick} />}
    </figure>
  );
}

function Mark({ curve }: { curve: Curve }) {
  const colour = `var(--chart-${curve.colour})`;
  if (curve.dashed)
    return <span aria-hidden className="w-3 border-t-2 border-dashed" style={{ borderColor: colour }} />;
  return <span aria-hidden className="size-2 shrink-0 rounded-full" style={{ background: colour }} />;
}

type Drawing = {
  width: number;
  height: number;
  curves: Curve[];
  write: (value: number) => string;
  language: Language;
  point: (at: number | null) => void;
};

function options({ width, height, curves, write, language, point }: Drawing): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--faint"),
    font: "11px 'Inter Variable', sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? null)] },
    scales: {
      x: {
        range: (plot, low, high) =>
          besides(
            plot,
            low,
            high,
            curves.some((one) => one.kind === "bars"),
          ),
      },
      y: { range: (_, __, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 64,
        values: (_, ticks, __, ___, step) => clocks(ticks, step, language),
      },
      { ...axis, size: 56, values: (_, ticks) => ticks.map(write) },
    ],
    series: [{}, ...curves.map((one) => drawn(one, colour(`--chart-${one.colour}`)))],
  };
}

/** Bars stand over their moment: the first and the last need half of their width beside it. */
function besides(plot: uPlot, low: number, high: number, bars: boolean): [number, number] {
  const count = plot.data[0]?.length ?? 0;
  const half = bars && count > 1 ? (high - low) / (count - 1) / 2 : 0;
  return [low - half, high + half];
}

/** Days where they are days apart, and where a day begins; else the hour. */
function clocks(ticks: number[], step: number, language: Language): string[] {
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return ticks.map((one) => {
    const at = new Date(one * 1000);
    return step >= 86_400 || at.getHours() + at.getMinutes() === 0 ? day.format(at) : hour.format(at);
  });
}

/** The values with none beside them: a line can't show those. */
function alone(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const has = (at: number) => typeof values[at] === "number";
  return Array.from(values, (_, at) => at).filter((at) => has(at) && !has(at - 1) && !has(at + 1));
}

function drawn({ label, kind = "line", dashed }: Curve, stroke: string): uPlot.Series {
  const base = {
    label,
    stroke,
    width: dashed ? 1.25 : 1.75,
    points: { size: 5, fill: stroke, filter: alone },
  };
  if (dashed) return { ...base, dash: [4, 4] };
  if (kind === "bars")
    return {
      ...base,
      points: { show: false },
      width: 0,
      fill: stroke,
      paths: uPlot.paths.bars?.({ size: [0.7, 40], radius: 0.15 }),
    };
  return kind === "area" ? { ...base, fill: `color-mix(in oklab, ${stroke} 14%, transparent)` } : base;
}
