import { messagesOf, refused, send } from "./exchange";
import { mirrored } from "./headers";
import {
  type Answer,
  CAPABILITIES,
  CLIENT_INFO,
  type Client,
  type Endpoint,
  type Fields,
  failureOf,
  isFields,
  McpFailure,
  MODERN_VERSION,
  notify,
  type Question,
} from "./wire";

const PREFIX = "io.modelcontextprotocol/";
const MOST_ROUNDS = 20;

/** 2026-07-28: each request says who asks and what it can do; nothing is remembered, and closing the stream cancels. */
export class ModernClient implements Client {
  private number = 0;

  constructor(private readonly endpoint: Endpoint) {}

  /** Rounds of questions and answers, until there is a result. */
  async request(method: string, params: Fields, options: { signal?: AbortSignal; schema?: unknown } = {}) {
    let more: Fields = {};
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const result = await this.once(method, { ...params, ...more }, options);
      if (result.resultType !== "input_required") return result;
      more = await this.answers(result);
    }
    throw new McpFailure(`The server still asks after ${MOST_ROUNDS} rounds of questions.`);
  }

  async capabilities(): Promise<Fields> {
    const found = await this.once("server/discover", {}, {});
    return isFields(found.capabilities) ? found.capabilities : {};
  }

  async close(): Promise<void> {}

  private async once(method: string, params: Fields, options: { signal?: AbortSignal; schema?: unknown }) {
    const id = ++this.number;
    const response = await send(this.endpoint, {
      body: { jsonrpc: "2.0", id, method, params: { ...params, _meta: this.meta(id) } },
      headers: { "mcp-protocol-version": MODERN_VERSION, ...mirrored(method, params, options.schema) },
      signal: options.signal,
    });
    for await (const { message } of messagesOf(this.endpoint, response)) {
      if (message.error) throw failureOf(message);
      if (message.result) return message.result;
      notify(message, this.endpoint.listener);
    }
    throw response.ok ? new McpFailure("The stream ended without a result.") : refused(response);
  }

  private meta(id: number): Fields {
    return {
      [`${PREFIX}protocolVersion`]: MODERN_VERSION,
      [`${PREFIX}clientInfo`]: CLIENT_INFO,
      [`${PREFIX}clientCapabilities`]: CAPABILITIES,
      [`${PREFIX}logLevel`]: "debug",
      progressToken: id,
    };
  }

  private async answers(result: Fields): Promise<Fields> {
    const given: Fields = {};
    const asked = isFields(result.inputRequests) ? result.inputRequests : {};
    await Promise.all(
      Object.entries(asked).map(async ([key, question]) => {
        given[key] = await this.answer(question);
      }),
    );
    const state = result.requestState;
    return { inputResponses: given, ...(state === undefined ? {} : { requestState: state }) };
  }

  /** This era has no word for a refusal, so that one ends the call. */
  private async answer(asked: unknown): Promise<Fields> {
    const question = isFields(asked) ? (asked as Question) : { method: "", params: {} };
    const { ask } = this.endpoint.listener;
    const answer: Answer = ask ? await ask(question) : { refusal: "Nobody is here to answer." };
    if ("refusal" in answer) throw new McpFailure(answer.refusal, -1);
    return answer.result;
  }
}
