import { describe, expect, test } from "vitest";
import { growth, rangeOf, seconds, timeBefore } from "./range";

describe("the time before", () => {
  test("of a duration is as long, and ends where it begins", () =>
    expect(timeBefore({ since: "24h" })).toEqual({ since: "172800s", until: "86400s" }));
  test("of two moments is as long, and ends where they begin", () =>
    expect(timeBefore({ since: "2026-01-03T00:00:00Z", until: "2026-01-05T00:00:00Z" })).toEqual({
      since: "2026-01-01T00:00:00.000Z",
      until: "2026-01-03T00:00:00.000Z",
    }));
  test("of what is no time is not told", () =>
    expect(timeBefore({ since: "soon", until: "later" })).toBeUndefined());
});

test("the address says the range, or it is the usual one", () => {
  expect(rangeOf({})).toEqual({ since: "24h" });
  expect(rangeOf({ since: "7d" })).toEqual({ since: "7d" });
});

test("durations are read in their units", () => {
  expect(["30m", "7d", "x"].map(seconds)).toEqual([1800, 604_800, undefined]);
});

test("growth from nothing is not a number", () => {
  expect(growth(15, 10)).toBe(0.5);
  expect(growth(15, 0)).toBeUndefined();
});
