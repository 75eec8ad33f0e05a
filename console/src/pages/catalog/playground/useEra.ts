import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { useSession } from "@/app/session";
import type { Era } from "@/mcp/wire";
import type { Target } from "./wanted";

/** Which era to speak: that of the upstream, since a call carries everything only between two of the same; modern where nobody knows. */
export function useEra(upstream: string, target: Target): { era: Era; isLoading: boolean } {
  const { can } = useSession();
  const offered = useQuery({
    queryKey: ["upstreams", upstream, "era"],
    queryFn: async () => (await ask(api.GET("/upstreams/{id}", { params: { path: { id: upstream } } }))).era,
    enabled: can("upstream.read"),
    retry: false,
  });
  const served = useQuery({
    queryKey: ["servers", target.kind === "server" ? target.ref : "", "era"],
    queryFn: async () => {
      const id = target.kind === "server" ? target.ref : "";
      return (await ask(api.GET("/servers/{id}", { params: { path: { id } } }))).era;
    },
    enabled: target.kind === "server" && can("server.read"),
    retry: false,
  });
  const only = served.data && served.data !== "auto" ? served.data : null;
  return { era: only ?? offered.data ?? "modern", isLoading: offered.isLoading || served.isLoading };
}
