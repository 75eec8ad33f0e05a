import { describe, expect, test } from "vitest";
import { formats } from "./format";

const en = formats("en");

describe("durations", () => {
  test.each([
    [0.034, "0.03 ms"],
    [4.26, "4.3 ms"],
    [812.4, "812 ms"],
    [1940, "1.9 s"],
    [125_000, "2 min 5 s"],
  ])("%d ms is written %s", (value, words) => expect(en.milliseconds(value)).toBe(words));
});

test("sizes go up in steps of a thousand", () => {
  expect([999, 1000, 2_345_678].map(en.bytes)).toEqual(["999 B", "1 kB", "2.3 MB"]);
});

test("counts are shortened only where nobody reads all of their digits", () => {
  expect([12_345, 1_234_567].map(en.count)).toEqual(["12,345", "1.2M"]);
});

test("moments are told from now, both ways", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(en.relative("2026-01-01T23:57:00Z", now)).toBe("3 min. ago");
  expect(en.relative("2026-01-03T01:00:00Z", now)).toBe("tomorrow");
  expect(formats("ko").relative("2026-01-01T23:57:00Z", now)).toBe("3분 전");
});
