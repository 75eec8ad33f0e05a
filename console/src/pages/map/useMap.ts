import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ask } from "@/api/client";
import type { FlowList, ServerSummary, UpstreamSummary } from "@/api/schema";
import { useServers } from "@/components/pickers";
import { useTexts } from "@/lib/i18n";
import type { Range } from "../metrics/range";
import { useUpstreams } from "../overview/useTroubles";
import type { Node, Path } from "./drawing";
import { mapTexts } from "./texts";

const MOST_FLOWS = 500;
/** Virtual servers whose bindings are looked at, for what is put together and not called. */
const MOST_SERVERS = 60;
type Bound = { server: string; upstreams: string[] };
type Words = { overApi: string; everything: string; directly: string; unnamed: string };

/** Clients, virtual servers and upstreams with the paths between them; undefined until they are known. */
export function useMap(range: Range) {
  const t = useTexts(mapTexts);
  const flows = useQuery({
    queryKey: ["metrics", "flows", range],
    queryFn: () => ask(api.GET("/metrics/flows", { params: { query: { ...range, limit: MOST_FLOWS } } })),
    refetchInterval: 30_000,
    placeholderData: (last) => last,
  });
  const servers = useServers();
  const upstreams = useUpstreams();
  const bound = useBound(servers.data ?? []);
  const map = useMemo(
    () =>
      flows.data && servers.data && upstreams.data
        ? mapOf(flows.data, servers.data, upstreams.data, bound, t)
        : undefined,
    [flows.data, servers.data, upstreams.data, bound, t],
  );
  return {
    map,
    leftOut: flows.data?.left_out ?? 0,
    error: flows.error ?? servers.error ?? upstreams.error,
    retry: flows.refetch,
  };
}

function useBound(servers: ServerSummary[]): Bound[] {
  return useQueries({
    queries: servers.slice(0, MOST_SERVERS).map(({ id }) => ({
      queryKey: ["servers", id, "upstreams"],
      queryFn: async (): Promise<Bound> => {
        const details = await ask(api.GET("/servers/{id}", { params: { path: { id } } }));
        return { server: id, upstreams: [...new Set(details.bindings.map((one) => one.upstream.id))] };
      },
      staleTime: 60_000,
    })),
    combine: boundOf,
  });
}

function boundOf(results: { data?: Bound }[]): Bound[] {
  return results.flatMap((one) => (one.data ? [one.data] : []));
}

/** All nodes and paths. Ids of clients are their names, which could be anything, so that each column has a prefix. */
export function mapOf(
  flows: FlowList,
  servers: ServerSummary[],
  upstreams: UpstreamSummary[],
  bound: Bound[],
  t: Words,
) {
  const nodes = new Map<string, Node>();
  const add = (node: Omit<Node, "calls" | "errors">) => {
    if (!nodes.has(node.id)) nodes.set(node.id, { ...node, calls: 0, errors: 0 });
    return node.id;
  };
  for (const one of servers) {
    add({
      id: `s:${one.id}`,
      column: "server",
      name: one.name,
      to: `/servers/${one.id}`,
      state: one.enabled ? undefined : "off",
    });
  }
  for (const one of upstreams) {
    if (one.kind === "local") continue;
    const to = `/${one.kind === "a2a" ? "agents" : "upstreams"}/${one.id}`;
    add({
      id: `u:${one.id}`,
      column: "upstream",
      name: one.name,
      to,
      state: one.enabled ? one.status : "off",
    });
  }
  const paths = flows.items.map((flow): Path => {
    const { client, server, upstream, calls, errors } = flow;
    const direct = server !== null && server.id === upstream?.id;
    const named =
      server && !direct ? server : { id: direct ? "a2a" : "api", name: direct ? t.directly : t.overApi };
    const through = named.id === "everything" ? { ...named, name: t.everything } : named;
    return {
      client: add({ id: `c:${client ?? ""}`, column: "client", name: client || t.unnamed }),
      server: add({ id: `s:${through.id}`, column: "server", name: through.name }),
      upstream: upstream
        ? add({ id: `u:${upstream.id}`, column: "upstream", name: upstream.name })
        : undefined,
      calls,
      errors,
    };
  });
  const called = new Set(paths.map((one) => `${one.server}>${one.upstream}`));
  for (const { server, upstreams: behind } of bound) {
    for (const one of behind) {
      const path = { server: `s:${server}`, upstream: `u:${one}`, calls: 0, errors: 0 };
      if (nodes.has(path.upstream) && !called.has(`${path.server}>${path.upstream}`)) paths.push(path);
    }
  }
  return { nodes: counted(nodes, paths), paths };
}

function counted(nodes: Map<string, Node>, paths: Path[]): Node[] {
  for (const path of paths) {
    for (const id of [path.client, path.server, path.upstream]) {
      const node = id ? nodes.get(id) : undefined;
      if (node)
        nodes.set(node.id, { ...node, calls: node.calls + path.calls, errors: node.errors + path.errors });
    }
  }
  return [...nodes.values()];
}
