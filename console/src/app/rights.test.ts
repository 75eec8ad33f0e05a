import { describe, expect, test } from "vitest";
import { holds, permits } from "./rights";

test("a permission is held by itself, by its family, or by the star", () => {
  expect(permits(["tool.read"], "tool.read")).toBe(true);
  expect(permits(["tool.*"], "tool.read")).toBe(true);
  expect(permits(["*"], "audit.read")).toBe(true);
  expect(permits(["tool.read", "server.*"], "tool.write")).toBe(false);
});

describe("on one thing", () => {
  const grant = (scope: string, permissions: string[]) => ({ role: "", scope, scope_name: "", permissions });
  const ada = {
    able: ["server.read", "server.write"],
    user: { id: "usr_ada", email: "", name: "" },
    grants: [grant("*", ["server.read"]), grant("tea_data", ["server.write"])],
  };

  test("what nobody can do anywhere is not held on anything", () => {
    expect(holds(ada, "audit.read")).toBe(false);
  });
  test("a team's role counts for what is the team's, unless it is private", () => {
    expect(holds(ada, "server.write", { owner: null, team: "tea_data", visibility: "team" })).toBe(true);
    expect(holds(ada, "server.write", { owner: null, team: "tea_data", visibility: "private" })).toBe(false);
    expect(holds(ada, "server.write", { owner: null, team: "tea_other", visibility: "public" })).toBe(false);
  });
  test("what is one's own may be changed, and what is everybody's only by who may do so everywhere", () => {
    expect(holds(ada, "server.write", { owner: "usr_ada", team: null, visibility: "private" })).toBe(true);
    expect(holds(ada, "server.write", { owner: "usr_ben", team: null, visibility: "public" })).toBe(false);
  });
  test("an administrator of everything reaches what is private, too", () => {
    const root = { ...ada, grants: [grant("*", ["*"])] };
    expect(holds(root, "server.write", { owner: "usr_ben", team: null, visibility: "private" })).toBe(true);
  });
});
