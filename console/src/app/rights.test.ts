import { expect, test } from "vitest";
import { permits } from "./rights";

test("a permission is held by itself, by its family, or by the star", () => {
  expect(permits(["tool.read"], "tool.read")).toBe(true);
  expect(permits(["tool.*"], "tool.read")).toBe(true);
  expect(permits(["*"], "audit.read")).toBe(true);
  expect(permits(["tool.read", "server.*"], "tool.write")).toBe(false);
});
