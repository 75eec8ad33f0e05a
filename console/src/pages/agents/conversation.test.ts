import { expect, test } from "vitest";
import type { Reply } from "@/api/schema";
import { heard, isOpen, SILENCE } from "./conversation";

const reply = (changes: Partial<Reply>): Reply => ({
  state: null,
  task_id: null,
  context_id: null,
  text: "",
  result: {},
  ...changes,
});

test("texts follow each other, and the newest state holds", () => {
  const replies = [
    reply({ state: "working", task_id: "t", text: "Thinking" }),
    reply({ state: "completed", text: "Done" }),
  ];
  const all = replies.reduce(heard, SILENCE);
  expect(all.texts).toEqual(["Thinking", "Done"]);
  expect([all.state, all.task, isOpen(all)]).toEqual(["completed", "t", false]);
});

test("what waits for an answer is under way", () => {
  expect(isOpen(heard(SILENCE, reply({ state: "input-required", task_id: "t" })))).toBe(true);
  expect(isOpen(heard(SILENCE, reply({ text: "No task at all" })))).toBe(false);
});
