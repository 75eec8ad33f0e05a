/** The words of JSON-RPC and of MCP that both eras share. */
export type Fields = Record<string, unknown>;
export type Era = "legacy" | "modern";
export type Message = { jsonrpc: "2.0"; id?: string | number | null; method?: string; params?: Fields } & {
  result?: Fields;
  error?: { code: number; message: string; data?: unknown };
};

/** A question that the server asks back during a call. */
export type Question = { method: string; params: Fields };
/** What is said to it. `refusal`: an error, for which the modern era has no word. */
export type Answer = { result: Fields } | { refusal: string };

/** One message as it went over the wire. */
export type Passed = {
  at: number;
  direction: "out" | "in";
  /** What it was: a method, or an HTTP status. */
  label: string;
  text: string;
  headers?: Record<string, string>;
};

export type Progress = { progress: number; total?: number; message?: string };
export type LogLine = { level: string; logger?: string; data: unknown };

/** Who hears of what comes before the end, and answers questions. */
export type Listener = {
  passed?: (message: Passed) => void;
  progress?: (progress: Progress) => void;
  log?: (line: LogLine) => void;
  ask?: (question: Question) => Promise<Answer>;
};

export type Endpoint = { url: string; bearer: () => Promise<string>; listener: Listener };

/** A line to one MCP endpoint, in one of the eras. */
export type Client = {
  /** The result of a request; throws `McpFailure`. `schema`: that of a tool's input, for headers that mirror arguments. */
  request(
    method: string,
    params: Fields,
    options?: { signal?: AbortSignal; schema?: unknown },
  ): Promise<Fields>;
  /** What the endpoint says that it can do. */
  capabilities(): Promise<Fields>;
  close(): Promise<void>;
};

/** The call came to no result: the server, or the gateway, said why. */
export class McpFailure extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(message: string, code = 0, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const MODERN_VERSION = "2026-07-28";
export const LEGACY_VERSION = "2025-11-25";
export const CLIENT_INFO = { name: "gatehouse-console", title: "Gatehouse's console", version: "1" };
/** A person sits here: who can fill in forms, open addresses, and speak for a model. */
export const CAPABILITIES: Fields = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells the listener of a notification, if it is one of those that belong to a call. */
export function notify(message: Message, listener: Listener): void {
  const params = message.params ?? {};
  if (message.method === "notifications/progress") listener.progress?.(params as Progress);
  if (message.method === "notifications/message") listener.log?.(params as LogLine);
}

export function failureOf(message: Message): McpFailure {
  const { code = 0, message: words = "", data } = message.error ?? {};
  return new McpFailure(words || `Error ${code}`, code, data);
}
