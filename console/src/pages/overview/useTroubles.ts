import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import { useSession } from "@/app/session";
import { useTeams } from "@/components/pickers";
import { ofInstalls, ofRefusals, ofTokens, ofUpdates, ofUpstreams, sorted, type Trouble } from "./trouble";

const AGAIN = 15_000;
const SLOWLY = 60_000;
const MANY = 500;

export function useUpstreams() {
  const { can } = useSession();
  return useQuery({
    queryKey: ["upstreams", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/upstreams", { params: { query: { cursor, limit: MANY } } }))),
    refetchInterval: AGAIN,
    enabled: can("upstream.read"),
  });
}

/** All that is wrong or waits, as far as the caller may see it; undefined until the first of it is known. */
export function useTroubles(): Trouble[] | undefined {
  const upstreams = useUpstreams();
  const tokens = useTokenTroubles();
  const refusals = useRefusals();
  const updates = useUpdates();
  const installs = useInstalls();
  const joins = useJoins();
  if (upstreams.isLoading) return undefined;
  const all = [
    ...ofUpstreams(upstreams.data ?? []),
    ...tokens,
    ...refusals,
    ...updates,
    ...installs,
    ...joins,
  ];
  return sorted(all);
}

function useTokenTroubles(): Trouble[] {
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["tokens", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/tokens", { params: { query: { cursor, limit: MANY } } }))),
    refetchInterval: SLOWLY,
    enabled: can("token.read"),
  });
  return ofTokens(query.data ?? [], Date.now());
}

function useRefusals(): Trouble[] {
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["events", "refused"],
    queryFn: () =>
      ask(api.GET("/events", { params: { query: { kind: "token.refused", since: "24h", limit: 100 } } })),
    refetchInterval: SLOWLY,
    enabled: can("event.read") && can("token.read"),
  });
  return ofRefusals(query.data?.items ?? []);
}

function useUpdates(): Trouble[] {
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["registry", "updates", "all"],
    queryFn: () => ask(api.GET("/registry/updates")),
    staleTime: SLOWLY,
    enabled: can("registry.read") && can("upstream.write"),
  });
  return ofUpdates(query.data?.items ?? []);
}

function useInstalls(): Trouble[] {
  const { can } = useSession();
  const query = useQuery({
    queryKey: ["registry", "requests", "pending"],
    queryFn: () => ask(api.GET("/registry/requests", { params: { query: { state: "waiting" } } })),
    refetchInterval: SLOWLY,
    enabled: can("registry.write"),
  });
  return ofInstalls(query.data?.items ?? []);
}

/** Of the teams whose owner the caller is: others can't decide. */
function useJoins(): Trouble[] {
  const { can } = useSession();
  const owned = (useTeams().data ?? []).filter((one) => one.role === "owner").slice(0, 20);
  const query = useQuery({
    queryKey: ["teams", "requests", owned.map((one) => one.id)],
    queryFn: () => Promise.all(owned.map((team) => joinsOf(team))),
    refetchInterval: SLOWLY,
    enabled: can("team.read") && owned.length > 0,
  });
  return query.data?.flat() ?? [];
}

async function joinsOf(team: { id: string; name: string }): Promise<Trouble[]> {
  const params = { path: { id: team.id }, query: { state: "open" as const } };
  const { items } = await ask(api.GET("/teams/{id}/requests", { params }));
  return items.map((one) => ({
    key: one.id,
    kind: "join",
    tone: "plain",
    name: one.name || one.email,
    about: one.message,
    at: one.created_at,
    to: `/teams/${team.id}`,
    team: team.name,
  }));
}
