import { expect, test } from "vitest";
import { stateOf } from "./state";

const NOW = Date.parse("2026-05-01T00:00:00Z");

test.each([
  [{ revoked_at: "2026-04-01T00:00:00Z", expires_at: null }, "revoked"],
  [{ revoked_at: null, expires_at: "2026-04-30T00:00:00Z" }, "expired"],
  [{ revoked_at: null, expires_at: "2026-05-03T00:00:00Z" }, "soon"],
  [{ revoked_at: null, expires_at: "2026-09-01T00:00:00Z" }, "live"],
  [{ revoked_at: null, expires_at: null }, "live"],
])("%o is %s", (token, state) => expect(stateOf(token, NOW)).toBe(state));
