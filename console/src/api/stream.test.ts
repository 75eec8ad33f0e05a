import { expect, test } from "vitest";
import { eventsOf } from "./stream";

function answer(...chunks: string[]): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
  return new Response(body);
}

async function all(response: Response) {
  const found = [];
  for await (const event of eventsOf(response)) found.push(event);
  return found;
}

test("an event may come in pieces, and have several lines of data", async () => {
  const events = await all(
    answer("event: call\nid: 7\nda", "ta: one\ndata: two\n", "\n: a comment\n\ndata: last\n\n"),
  );
  expect(events).toEqual([
    { event: "call", id: "7", data: "one\ntwo" },
    { event: "message", id: "", data: "last" },
  ]);
});

test("what is not ended by an empty line is no event", async () => {
  expect(await all(answer("data: half"))).toEqual([]);
});
