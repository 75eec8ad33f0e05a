import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { CallView } from "@/api/schema";
import { useUrl } from "@/lib/urlState";
import { type Range, rangeOf } from "./range";

/** What calls are told apart by, each under the name that it has in the API and in the address. */
export const DIMENSIONS = [
  "server",
  "upstream",
  "tool",
  "user",
  "team",
  "principal",
  "client",
  "outcome",
  "method",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export type CallFilter = Partial<Record<Dimension, string>> & { outcome?: CallView["outcome"] };
export type Choice = { value: string; label: string; calls: number };
const MANY = 500;

/** The filter that stands in the address. `token` is another word for `principal` there. */
export function filterOf(url: Record<string, string | undefined>): CallFilter {
  const found: Record<string, string> = {};
  for (const name of DIMENSIONS) {
    const value = url[name] ?? (name === "principal" ? url.token : undefined);
    if (value) found[name] = value;
  }
  return found as CallFilter;
}

export function useFilter(usual?: string): { filter: CallFilter; range: Range } {
  const [url] = useUrl();
  return { filter: filterOf(url), range: rangeOf(url, usual) };
}

/** What a filter can be set to: those that were called with in the range, most calls first. */
export function useChoices(by: Dimension, range: Range, enabled: boolean) {
  return useQuery({
    queryKey: ["metrics", "choices", by, range],
    queryFn: async (): Promise<Choice[]> => {
      const query = { ...range, by, measure: "calls", limit: MANY } as const;
      const found = await ask(api.GET("/metrics/top", { params: { query } }));
      const named = found.items.filter((one) => one.key);
      return named.map((one) => ({ value: one.key, label: one.name, calls: one.sums.calls }));
    },
    staleTime: 60_000,
    enabled,
  });
}
