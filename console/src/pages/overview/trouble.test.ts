import { expect, test } from "vitest";
import type { TokenSummary } from "@/api/schema";
import { ofTokens, sorted, type Trouble } from "./trouble";

const NOW = Date.parse("2026-01-10T00:00:00Z");
const token = (id: string, changes: Partial<TokenSummary>) =>
  ({
    id,
    name: id,
    owner_name: null,
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
    ...changes,
  }) as TokenSummary;

test("tokens are told of that end within a week, or ended although they were in use", () => {
  const found = ofTokens(
    [
      token("soon", { expires_at: "2026-01-12T00:00:00Z" }),
      token("later", { expires_at: "2026-03-01T00:00:00Z" }),
      token("used", { expires_at: "2026-01-09T00:00:00Z", last_used_at: "2026-01-09T00:00:00Z" }),
      token("idle", { expires_at: "2026-01-09T00:00:00Z" }),
      token("revoked", { expires_at: "2026-01-12T00:00:00Z", revoked_at: "2026-01-01T00:00:00Z" }),
    ],
    NOW,
  );
  expect(found.map(({ key, kind }) => [key, kind])).toEqual([
    ["soon", "expires"],
    ["used", "expired"],
  ]);
});

test("the worst comes first, then the newest", () => {
  const one = (key: string, tone: Trouble["tone"], at: string): Trouble => ({
    ...{ key, tone, at, kind: "down", name: key, about: "", to: "/" },
  });
  const order = sorted([
    one("a", "plain", "3"),
    one("b", "bad", "1"),
    one("c", "bad", "2"),
    one("d", "warn", "9"),
  ]);
  expect(order.map(({ key }) => key)).toEqual(["c", "b", "d", "a"]);
});
