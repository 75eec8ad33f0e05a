import { authorize } from "@/api/client";
import { asProblem } from "@/api/problem";
import { ROOT } from "@/api/root";
import type { Reply } from "@/api/schema";

export type Asked = { text: string; task_id?: string; context_id?: string };
type Line = Reply | { error: { code: number; message: string } };

/** What an agent says to a message, line by line as it comes. Throws what the API refuses, and what the agent fails with on the way. */
export async function* said(agent: string, asked: Asked, signal: AbortSignal): AsyncGenerator<Reply> {
  const headers = new Headers({ "content-type": "application/json" });
  authorize(headers);
  const path = `${ROOT}api/v1/agents/${encodeURIComponent(agent)}/stream`;
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(asked), signal });
  if (!response.ok) throw asProblem(response.status, await response.json().catch(() => null));
  for await (const text of linesOf(response)) {
    const line = JSON.parse(text) as Line;
    if ("error" in line) throw new Error(line.error.message);
    yield line;
  }
}

/** What was said so far, put together: texts follow each other, the newest state and ids hold. */
export type Heard = {
  texts: string[];
  state: string | null;
  task: string | null;
  context: string | null;
  parts: Reply[];
};
export const SILENCE: Heard = { texts: [], state: null, task: null, context: null, parts: [] };

export function heard(before: Heard, reply: Reply): Heard {
  const isNew = reply.text !== "" && before.texts.at(-1) !== reply.text;
  return {
    texts: isNew ? [...before.texts, reply.text] : before.texts,
    state: reply.state ?? before.state,
    task: reply.task_id ?? before.task,
    context: reply.context_id ?? before.context,
    parts: [...before.parts, reply],
  };
}

const ENDED = ["completed", "failed", "canceled", "rejected"];

/** Whether a task is still under way, so that it can be asked for and cancelled. */
export function isOpen({ state, task }: Heard): boolean {
  return task !== null && !ENDED.includes(state ?? "");
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter((one) => one.trim());
    }
    if (rest.trim()) yield rest;
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
