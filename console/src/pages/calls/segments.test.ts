import { expect, test } from "vitest";
import { segments } from "./segments";

const lengths = (total_ms: number, upstream_ms: number, queue_ms: number) =>
  segments({ total_ms, upstream_ms, queue_ms }).map((one) => one.length);

test("the parts of a call add up to the whole", () => expect(lengths(10, 7, 1)).toEqual([1, 7, 2]));

test("a call that was refused was all in the gateway", () => expect(lengths(3, 0, 0)).toEqual([3, 0, 0]));

test("times that were measured a little apart never make a part longer than the whole", () =>
  expect(lengths(10, 12, 1)).toEqual([1, 9, 0]));
