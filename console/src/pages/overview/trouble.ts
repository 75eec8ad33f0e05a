import type { EventView, InstallRequestView, TokenSummary, UpdateView, UpstreamSummary } from "@/api/schema";

/** Something that is wrong or waits for a decision. `key` is told apart in lists; the words are made by who shows it. */
export type Trouble = {
  key: string;
  kind:
    | "down"
    | "sign_in"
    | "degraded"
    | "maintenance"
    | "expires"
    | "expired"
    | "refused"
    | "update"
    | "install"
    | "join";
  /** `bad`: something does not work; `warn`: it will not, or not well; `plain`: somebody waits. */
  tone: "bad" | "warn" | "plain";
  name: string;
  about: string;
  at: string | null;
  to: string;
  search?: Record<string, string>;
  /** Of an upstream, where it can be looked at again at once. */
  upstream?: string;
  team?: string;
};

const DAY = 86_400_000;
const SOON = 7 * DAY;
const RECENT = 7 * DAY;
const TONES = { down: "bad", sign_in: "bad", degraded: "warn", maintenance: "plain" } as const;

export function ofUpstreams(upstreams: UpstreamSummary[]): Trouble[] {
  return upstreams.flatMap((one) => {
    if (!one.enabled || one.status === "ok" || one.status === "unknown") return [];
    const about = one.maintenance?.note ?? one.error ?? "";
    const room = one.kind === "a2a" ? "agents" : "upstreams";
    const shared = {
      key: one.id,
      name: one.name,
      about,
      at: one.status_since,
      to: `/${room}/${one.id}`,
      upstream: one.id,
    };
    return [{ ...shared, kind: one.status, tone: TONES[one.status] }];
  });
}

/** Tokens that end within a week, and those that ended lately although they were in use. */
export function ofTokens(tokens: TokenSummary[], now: number): Trouble[] {
  return tokens.flatMap((one): Trouble[] => {
    if (!one.expires_at || one.revoked_at) return [];
    const left = Date.parse(one.expires_at) - now;
    const shared = {
      key: one.id,
      name: one.name,
      about: one.owner_name ?? "",
      at: one.expires_at,
      to: `/tokens/${one.id}`,
    };
    if (left > 0 && left < SOON) return [{ ...shared, kind: "expires" as const, tone: "warn" as const }];
    const used = one.last_used_at !== null && now - Date.parse(one.last_used_at) < RECENT;
    return left <= 0 && -left < RECENT && used
      ? [{ ...shared, kind: "expired" as const, tone: "bad" as const }]
      : [];
  });
}

/** Refusals of the last day, each token once, the newest of it. */
export function ofRefusals(events: EventView[]): Trouble[] {
  const newest = new Map<string, EventView>();
  for (const one of events) {
    const key = one.token ?? "";
    if (!newest.has(key)) newest.set(key, one);
  }
  return [...newest].map(([token, one]) => ({
    key: `refused-${token}`,
    kind: "refused",
    tone: "warn",
    name: one.subject.name ?? "",
    about: one.message,
    at: one.at,
    to: token ? `/tokens/${token}` : "/events",
    search: token ? undefined : { kind: "token.refused" },
  }));
}

export function ofUpdates(updates: UpdateView[]): Trouble[] {
  return updates.map((one) => ({
    key: `update-${one.upstream}`,
    kind: "update",
    tone: one.status === "active" ? "plain" : "warn",
    name: one.upstream_name,
    about: one.version
      ? `${one.installed} → ${one.version}`
      : one.status_message || (one.problem ?? one.name),
    at: null,
    to: `/upstreams/${one.upstream}`,
    search: { tab: "update" },
  }));
}

export function ofInstalls(requests: InstallRequestView[]): Trouble[] {
  return requests.map((one) => ({
    key: one.id,
    kind: "install",
    tone: "plain",
    name: one.upstream_name,
    about: one.message || one.name,
    at: one.created_at,
    to: "/registry",
    search: { tab: "requests" },
  }));
}

const WEIGHT = { bad: 0, warn: 1, plain: 2 };

/** The worst first, then the newest. */
export function sorted(troubles: Trouble[]): Trouble[] {
  return troubles.toSorted(
    (a, b) => WEIGHT[a.tone] - WEIGHT[b.tone] || (b.at ?? "").localeCompare(a.at ?? ""),
  );
}
