import { expect, test } from "vitest";
import { along, drawing, type Node, type Path, width } from "./drawing";

const node = (column: Node["column"], id: string, calls = 0): Node => ({
  id,
  column,
  name: id,
  calls,
  errors: 0,
});
const NODES = [
  node("client", "c1", 9),
  node("client", "c2", 1),
  node("server", "s1", 9),
  node("server", "s2", 1),
  node("upstream", "u1"),
  node("upstream", "u2"),
  node("upstream", "u3"),
];
const PATHS: Path[] = [
  { client: "c1", server: "s1", upstream: "u1", calls: 8, errors: 1 },
  { client: "c1", server: "s1", upstream: "u2", calls: 1, errors: 0 },
  { client: "c2", server: "s2", upstream: "u2", calls: 1, errors: 0 },
  { server: "s2", upstream: "u3", calls: 0, errors: 0 },
];

test("calls of several paths between the same two are one line", () => {
  const { left, right } = drawing(NODES, PATHS).links;
  expect(left.map(({ key, calls }) => [key, calls])).toEqual([
    ["c1>s1", 9],
    ["c2>s2", 1],
  ]);
  expect(right).toHaveLength(4);
});

test("a client lights up what it calls, and not what others call on the same server", () => {
  expect([...along(PATHS, "c2")].sort()).toEqual(["c2", "s2", "u2"]);
  expect([...along(PATHS, "u2")].sort()).toEqual(["c1", "c2", "s1", "s2", "u2"]);
});

test("what is linked stands around one middle, and the rest below it", () => {
  const { columns, height } = drawing([...NODES, node("upstream", "u4")], PATHS);
  expect(columns.server.map((one) => one.y)).toEqual([21, 63]);
  expect(columns.upstream.map((one) => [one.id, one.y])).toEqual([
    ["u1", 0],
    ["u2", 42],
    ["u3", 84],
    ["u4", 126],
  ]);
  expect(height).toBe(160);
});

test("few calls are still seen beside many", () => {
  expect(width(1, 10_000)).toBeGreaterThan(1.5);
  expect(width(0, 10_000)).toBe(1);
});
