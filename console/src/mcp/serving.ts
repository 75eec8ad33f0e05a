import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Message } from "./wire";

export type Received = { method: string; headers: IncomingMessage["headers"]; body: Message | null };
type Respond = (received: Received, response: ServerResponse) => void;

/** A small MCP server for tests: what it was sent is kept, and `respond` answers. */
export async function serving(respond: Respond) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const one = {
        method: request.method ?? "",
        headers: request.headers,
        body: text ? JSON.parse(text) : null,
      };
      received.push(one);
      respond(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/mcp`, received, close };
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function stream(response: ServerResponse) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  return (message: unknown, id?: string) =>
    response.write(`${id ? `id: ${id}\n` : ""}data: ${message === null ? "" : JSON.stringify(message)}\n\n`);
}
