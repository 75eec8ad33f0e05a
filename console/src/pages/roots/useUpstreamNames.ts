import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";

/** Names of all MCP servers that the caller sees, by their ids. */
export function useUpstreamNames(): Map<string, string> {
  const query = useQuery({
    queryKey: ["upstreams", "names"],
    queryFn: () =>
      everyPage((cursor) =>
        ask(api.GET("/upstreams", { params: { query: { kind: "mcp", cursor, limit: 500 } } })),
      ),
    staleTime: 30_000,
  });
  return new Map((query.data ?? []).map((one) => [one.id, one.name]));
}
