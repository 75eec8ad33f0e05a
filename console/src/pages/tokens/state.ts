import type { TokenSummary } from "@/api/schema";

export type TokenState = "live" | "soon" | "expired" | "revoked";
const SOON = 7 * 86_400_000;

export function stateOf(
  token: Pick<TokenSummary, "revoked_at" | "expires_at">,
  now = Date.now(),
): TokenState {
  if (token.revoked_at) return "revoked";
  if (!token.expires_at) return "live";
  const left = new Date(token.expires_at).getTime() - now;
  if (left <= 0) return "expired";
  return left < SOON ? "soon" : "live";
}
