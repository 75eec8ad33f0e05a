import { expect, test } from "vitest";
import { inTurns, parts } from "./inTurns";

test("the first that fails ends the rest", async () => {
  const done: number[] = [];
  const run = async (one: number) => {
    if (one === 2) throw new Error("no");
    done.push(one);
  };
  await expect(inTurns([1, 2, ...Array.from({ length: 50 }, (_, at) => at + 3)], run)).rejects.toThrow("no");
  expect(done.length).toBeLessThan(10);
});

test("each is done once, and counted", async () => {
  const done: number[] = [];
  const counts: number[] = [];
  await inTurns(
    [1, 2, 3, 4, 5, 6],
    async (one) => void done.push(one),
    (count) => counts.push(count),
  );
  expect([done.sort(), counts]).toEqual([
    [1, 2, 3, 4, 5, 6],
    [1, 2, 3, 4, 5, 6],
  ]);
  expect(parts([1, 2, 3], 2)).toEqual([[1, 2], [3]]);
});
