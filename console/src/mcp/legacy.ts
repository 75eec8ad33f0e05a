import { type Arrived, messagesOf, refused, send } from "./exchange";
import {
  type Answer,
  CAPABILITIES,
  CLIENT_INFO,
  type Client,
  type Endpoint,
  type Fields,
  failureOf,
  isFields,
  LEGACY_VERSION,
  McpFailure,
  type Message,
  notify,
} from "./wire";

const MOST_RETURNS = 20;
const METHOD_NOT_FOUND = -32601;

/** Up to 2025-11-25: a handshake, a session, questions on the stream of the call that are answered by POST, and a DELETE at the end. */
export class LegacyClient implements Client {
  private number = 0;
  private session: Promise<Fields> | null = null;
  private headers: Record<string, string> = {};

  constructor(private readonly endpoint: Endpoint) {}

  async request(method: string, params: Fields, options: { signal?: AbortSignal } = {}): Promise<Fields> {
    await this.open();
    const id = ++this.number;
    const cancel = () => void this.tell("notifications/cancelled", { requestId: id });
    options.signal?.addEventListener("abort", cancel, { once: true });
    try {
      const body = { ...params, _meta: { progressToken: id } };
      return await this.exchange({ jsonrpc: "2.0", id, method, params: body }, options.signal);
    } finally {
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  async capabilities(): Promise<Fields> {
    const { capabilities } = await this.open();
    return isFields(capabilities) ? capabilities : {};
  }

  async close(): Promise<void> {
    if (!this.session) return;
    await this.session.catch(() => undefined);
    this.session = null;
    if (this.headers["mcp-session-id"]) await this.post(undefined, "DELETE");
  }

  private open(): Promise<Fields> {
    this.session ??= this.begin();
    return this.session;
  }

  private async begin(): Promise<Fields> {
    const params = { protocolVersion: LEGACY_VERSION, capabilities: CAPABILITIES, clientInfo: CLIENT_INFO };
    const id = ++this.number;
    const found = await this.exchange({ jsonrpc: "2.0", id, method: "initialize", params });
    this.headers["mcp-protocol-version"] = String(found.protocolVersion ?? LEGACY_VERSION);
    await this.tell("notifications/initialized");
    if (isFields(found.capabilities) && found.capabilities.logging) {
      await this.exchange({
        jsonrpc: "2.0",
        id: ++this.number,
        method: "logging/setLevel",
        params: { level: "debug" },
      });
    }
    return found;
  }

  /** The result of one request. Where its stream breaks off after an event id, the rest is got by coming back for it. */
  private async exchange(body: Message, signal?: AbortSignal): Promise<Fields> {
    let response = await send(this.endpoint, { body, headers: this.headers, signal });
    const session = response.headers.get("mcp-session-id");
    if (session) this.headers["mcp-session-id"] = session;
    for (let round = 0; round < MOST_RETURNS; round++) {
      const { result, last } = await this.listen(body.id, response);
      if (result) return result;
      if (!response.ok || !last) break;
      const headers = { ...this.headers, "last-event-id": last };
      response = await send(this.endpoint, { method: "GET", headers, signal });
    }
    throw response.ok ? new McpFailure("The stream ended without a result.") : refused(response);
  }

  private async listen(id: Message["id"], response: Response): Promise<{ result?: Fields; last: string }> {
    let last = "";
    for await (const { message, eventId } of messagesOf(this.endpoint, response) as AsyncGenerator<Arrived>) {
      last = eventId || last;
      if (message.method && message.id !== undefined) void this.answer(message).catch(() => undefined);
      else if (message.method) notify(message, this.endpoint.listener);
      else if (message.error) throw failureOf(message);
      else if (message.result && message.id === id) return { result: message.result, last };
    }
    return { last };
  }

  /** Beside the stream, which goes on meanwhile. */
  private async answer(question: Message): Promise<void> {
    const { id, method = "", params = {} } = question;
    const answer: Answer = method === "ping" ? { result: {} } : await this.asked(method, params);
    const said =
      "result" in answer
        ? { result: answer.result }
        : { error: { code: answer.refusal ? -1 : METHOD_NOT_FOUND, message: answer.refusal } };
    await this.post({ jsonrpc: "2.0", id, ...said }).catch(() => undefined);
  }

  private async asked(method: string, params: Fields): Promise<Answer> {
    const { ask } = this.endpoint.listener;
    return ask ? ask({ method, params }) : { refusal: "Nobody is here to answer." };
  }

  private async tell(method: string, params?: Fields): Promise<void> {
    await this.post({ jsonrpc: "2.0", method, ...(params ? { params } : {}) }).catch(() => undefined);
  }

  /** What no result comes back for. */
  private async post(body?: Message, method: "POST" | "DELETE" = "POST"): Promise<void> {
    const response = await send(this.endpoint, { body, method, headers: this.headers });
    for await (const _ of messagesOf(this.endpoint, response)) {
      // The journal has heard of it.
    }
  }
}
