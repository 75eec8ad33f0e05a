import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { SumsView } from "@/api/schema";
import type { CallFilter } from "./filters";
import { type Range, timeBefore } from "./range";

const AGAIN = 60_000;
export type Measure = "calls" | "errors" | "latency" | "bytes" | "tokens";
export const MEASURES: Measure[] = ["calls", "errors", "latency", "bytes", "tokens"];
export const BREAKDOWNS = [
  "server",
  "upstream",
  "tool",
  "prompt",
  "resource",
  "user",
  "team",
  "token",
  "client",
  "outcome",
  "method",
] as const;
export type By = (typeof BREAKDOWNS)[number];
const CURVES = 6;

/** Sums over the range, and over the time before it where that is wanted. */
export function useTotals(filter: CallFilter, range: Range, compare: boolean) {
  const now = useQuery({ ...totals(filter, range), refetchInterval: AGAIN });
  const past = timeBefore(range);
  const then = useQuery({ ...totals(filter, past ?? range), enabled: compare && past !== undefined });
  return { now, before: compare && past ? then.data?.sums : undefined };
}

export function useSeries(filter: CallFilter, range: Range, by?: By) {
  return useQuery({
    queryKey: ["metrics", "series", filter, range, by],
    queryFn: () =>
      ask(api.GET("/metrics/series", { params: { query: { ...filter, ...range, by, limit: CURVES } } })),
    refetchInterval: AGAIN,
    placeholderData: (last) => last,
  });
}

/** The course of the time before, where that is wanted. */
export function useSeriesBefore(filter: CallFilter, range: Range, compare: boolean) {
  const past = timeBefore(range);
  const query = useQuery({
    queryKey: ["metrics", "series", filter, past],
    queryFn: () => ask(api.GET("/metrics/series", { params: { query: { ...filter, ...past } } })),
    enabled: compare && past !== undefined,
  });
  return compare ? query.data?.points : undefined;
}

export function useTop(filter: CallFilter, range: Range, by: By, measure: Measure, limit = 10) {
  return useQuery({
    queryKey: ["metrics", "top", filter, range, by, measure, limit],
    queryFn: () =>
      ask(api.GET("/metrics/top", { params: { query: { ...filter, ...range, by, measure, limit } } })),
    refetchInterval: AGAIN,
    placeholderData: (last) => last,
  });
}

export function useErrors(filter: CallFilter, range: Range) {
  return useQuery({
    queryKey: ["metrics", "errors", filter, range],
    queryFn: () => ask(api.GET("/metrics/errors", { params: { query: { ...filter, ...range } } })),
  });
}

export function useSlowest(filter: CallFilter, range: Range) {
  return useQuery({
    queryKey: ["metrics", "slowest", filter, range],
    queryFn: () =>
      ask(api.GET("/metrics/slowest", { params: { query: { ...filter, ...range, limit: 10 } } })),
  });
}

function totals(filter: CallFilter, range: Range) {
  return {
    queryKey: ["metrics", "totals", filter, range],
    queryFn: () => ask(api.GET("/metrics/totals", { params: { query: { ...filter, ...range } } })),
  };
}

/** One figure out of some sums. */
export function measured(sums: SumsView, measure: Measure): number | null {
  if (measure === "latency") return sums.mean_ms;
  return measure === "bytes" ? sums.bytes_in + sums.bytes_out : sums[measure];
}
