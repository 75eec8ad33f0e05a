import { expect, test } from "vitest";
import { difference } from "./Diff";

test("lines that stay are kept, others are taken away before they are added", () => {
  expect(difference(["a", "b", "c"], ["a", "x", "c", "d"])).toEqual([
    [" ", "a"],
    ["-", "b"],
    ["+", "x"],
    [" ", "c"],
    ["+", "d"],
  ]);
});

test("nothing becomes something, and something nothing", () => {
  expect(difference([], ["a"])).toEqual([["+", "a"]]);
  expect(difference(["a"], [])).toEqual([["-", "a"]]);
});
