import type { TokenInput, WindowText } from "@/api/schema";

/** A token as it stands in the form. */
export type TokenDraft = {
  name: string;
  servers: string[];
  agents: string[];
  permissions: string[];
  team: string;
  expires: string;
  addresses: string[];
  rate: string;
  quota: string;
  windows: Required<WindowText>[];
};
export const EMPTY: TokenDraft = {
  name: "",
  servers: [],
  agents: [],
  permissions: [],
  team: "",
  expires: "90d",
  addresses: [],
  rate: "",
  quota: "",
  windows: [],
};
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** As the API takes it: what is left empty is no limit. */
export function bodyOf(draft: TokenDraft): TokenInput {
  return {
    name: draft.name.trim() || "token",
    servers: draft.servers.length ? draft.servers : null,
    agents: draft.agents.length ? draft.agents : null,
    permissions: draft.permissions,
    allowed_ips: draft.addresses,
    windows: draft.windows,
    rate_limit: draft.rate.trim() || null,
    daily_quota: draft.quota ? Number(draft.quota) : null,
    expires_in: draft.expires || null,
    team: draft.team || null,
  };
}

export function opensSomething(draft: TokenDraft): boolean {
  return draft.servers.length + draft.agents.length + draft.permissions.length > 0;
}
