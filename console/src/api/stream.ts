import { authorize } from "./client";
import { asProblem } from "./problem";
import { ROOT } from "./root";

export type ServerEvent = { event: string; data: string; id: string };

/** Server-Sent Events of an answer, as they come, until it ends or `signal` does. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parsed(block);
        if (event) yield event;
      }
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** A stream of the API, such as `/live?calls=true`: each event's data, parsed. `after`: the id of what was told last, before it broke. */
export async function* follow<T>(
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
  after = "",
): AsyncGenerator<{ event: string; value: T }> {
  const headers = new Headers({ accept: "text/event-stream" });
  if (after) headers.set("last-event-id", after);
  authorize(headers);
  const asked = new URLSearchParams(query).toString();
  const response = await fetch(`${ROOT}api/v1${path}${asked ? `?${asked}` : ""}`, { headers, signal });
  if (!response.ok) throw asProblem(response.status, await response.json().catch(() => null));
  for await (const { event, data } of eventsOf(response)) {
    if (data) yield { event, value: JSON.parse(data) as T };
  }
}

function parsed(block: string): ServerEvent | undefined {
  const found: ServerEvent = { event: "message", data: "", id: "" };
  const lines: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^([a-z]+): ?(.*)$/s.exec(line) ?? [];
    if (name === "data") lines.push(value ?? "");
    else if (name === "event") found.event = value ?? "";
    else if (name === "id") found.id = value ?? "";
  }
  found.data = lines.join("\n");
  return lines.length || found.event !== "message" ? found : undefined;
}
