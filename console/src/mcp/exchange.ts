import { eventsOf } from "@/api/stream";
import { type Endpoint, isFields, McpFailure, type Message, type Passed } from "./wire";

type Sent = {
  body?: Message;
  method?: "POST" | "GET" | "DELETE";
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** One HTTP request to the endpoint. The journal is told of it, without what authorizes it. */
export async function send(endpoint: Endpoint, sent: Sent): Promise<Response> {
  const method = sent.method ?? "POST";
  const body = sent.body ? JSON.stringify(sent.body) : undefined;
  tell(endpoint, {
    direction: "out",
    label: sent.body ? named(sent.body) : method,
    text: body ?? "",
    headers: sent.headers,
  });
  const headers = {
    accept: "application/json, text/event-stream",
    ...(body ? { "content-type": "application/json" } : {}),
    ...sent.headers,
    authorization: `Bearer ${await endpoint.bearer()}`,
  };
  // The bearer says who calls; a cookie beside it would only confuse.
  return fetch(endpoint.url, { method, body, headers, signal: sent.signal, credentials: "omit" });
}

export type Arrived = { message: Message; eventId: string };

/** The messages of an answer, whether it is one JSON body or a stream; the journal is told of each. */
export async function* messagesOf(endpoint: Endpoint, response: Response): AsyncGenerator<Arrived> {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("text/event-stream")) {
    for await (const { data, id } of eventsOf(response)) {
      if (data) yield { message: arrived(endpoint, data), eventId: id };
      else if (id) yield { message: { jsonrpc: "2.0" }, eventId: id };
    }
    return;
  }
  const text = await response.text();
  if (text) yield { message: arrived(endpoint, text, response), eventId: "" };
  else tell(endpoint, { direction: "in", label: `HTTP ${response.status}`, text: "" });
}

/** What a refusal without a JSON-RPC body comes to. */
export function refused(response: Response): McpFailure {
  return new McpFailure(`HTTP ${response.status} ${response.statusText}`.trim(), response.status);
}

function arrived(endpoint: Endpoint, text: string, response?: Response): Message {
  const message = parsed(text);
  const status = response && !response.ok ? `HTTP ${response.status} · ` : "";
  tell(endpoint, { direction: "in", label: status + (message ? named(message) : "?"), text });
  if (!message) throw new McpFailure("What came back is no JSON-RPC message.");
  return message;
}

function parsed(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? (value as Message) : null;
  } catch {
    return null;
  }
}

function named(message: Message): string {
  if (message.method) return message.method;
  return message.error ? "error" : "result";
}

function tell(endpoint: Endpoint, passed: Omit<Passed, "at">): void {
  endpoint.listener.passed?.({ at: Date.now(), ...passed });
}
