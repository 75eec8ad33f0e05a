import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import type { UnusedView } from "@/api/schema";
import { schemaTokens } from "../catalog/schemaTokens";
import { KINDS, type Of } from "./kinds";

/** `tokens` and `enabled`: where they are known. */
export type Row = UnusedView & { tokens?: number; enabled?: boolean; upstream?: string };

/** What nobody used for so long; for what is offered, with what its schema costs and whether it is on. */
export function useUnused(of: Of, since: string) {
  const unused = useQuery({
    queryKey: [KINDS[of].resource, "unused", of, since],
    queryFn: () => ask(api.GET("/metrics/unused", { params: { query: { of, unused_for: since } } })),
  });
  const more = useMore(of, since);
  const rows = (unused.data?.items ?? []).map((one): Row => ({ ...one, ...more.data?.get(one.id) }));
  return { rows, isLoading: unused.isLoading, error: unused.error, refetch: unused.refetch };
}

type More = Pick<Row, "tokens" | "enabled" | "upstream">;

function useMore(of: Of, since: string) {
  return useQuery({
    queryKey: [KINDS[of].resource, "unused", of, since, "more"],
    queryFn: async (): Promise<Map<string, More>> => {
      const { shelf } = KINDS[of];
      if (shelf) {
        const found = await everyPage((cursor) => shelf.list({ unused_for: since, cursor, limit: 500 }));
        return new Map(
          found.map((one) => [
            one.id,
            { tokens: schemaTokens(one), enabled: one.enabled, upstream: one.upstream.name },
          ]),
        );
      }
      const found = await switchable(of);
      return new Map(found.map((one) => [one.id, { enabled: one.enabled }]));
    },
  });
}

async function switchable(of: Of): Promise<{ id: string; enabled: boolean }[]> {
  const page = (cursor?: string) => ({ params: { query: { cursor, limit: 500 } } });
  if (of === "upstream") return everyPage((cursor) => ask(api.GET("/upstreams", page(cursor))));
  return of === "server" ? everyPage((cursor) => ask(api.GET("/servers", page(cursor)))) : [];
}
