// @vitest-environment node
import type { ServerResponse } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { json, type Received, serving, stream } from "./serving";

// The page's own address, which these modules derive the API's from.
vi.stubGlobal("document", { baseURI: "http://127.0.0.1/console/" });
const { LegacyClient } = await import("./legacy");

let stop: () => void = () => undefined;
afterEach(() => stop());

const bearer = async () => "pass";
type Respond = (received: Received, response: ServerResponse) => void;

/** Answers the handshake; what comes then is for `respond`. */
function session(respond: Respond): Respond {
  return (received, response) => {
    const { body, method } = received;
    if (body?.method === "initialize") {
      const result = {
        protocolVersion: "2025-06-18",
        capabilities: {},
        serverInfo: { name: "s", version: "1" },
      };
      json(response, { jsonrpc: "2.0", id: body.id, result }, 200, { "mcp-session-id": "s1" });
    } else if (body?.method === "notifications/initialized" || method === "DELETE") {
      response.writeHead(202).end();
    } else respond(received, response);
  };
}

test("a call stands between a handshake and the end of its session", async () => {
  const server = await serving(
    session(({ body }, response) => json(response, { jsonrpc: "2.0", id: body?.id, result: { ok: true } })),
  );
  stop = server.close;
  const client = new LegacyClient({ url: server.url, bearer, listener: {} });
  expect(await client.request("tools/call", { name: "x" })).toEqual({ ok: true });
  await client.close();
  expect(server.received.map((one) => one.body?.method ?? one.method)).toEqual([
    "initialize",
    "notifications/initialized",
    "tools/call",
    "DELETE",
  ]);
  expect(server.received.at(-1)?.headers["mcp-session-id"]).toBe("s1");
  expect(server.received[2]?.headers["mcp-protocol-version"]).toBe("2025-06-18");
});

test("a question on the stream of the call is answered by a POST of its own", async () => {
  let goOn: () => void = () => undefined;
  const server = await serving(
    session(({ body }, response) => {
      if (body?.method) {
        const send = stream(response);
        send({ jsonrpc: "2.0", id: 77, method: "elicitation/create", params: { message: "Who?" } });
        goOn = () => {
          send({ jsonrpc: "2.0", id: body.id, result: { done: true } });
          response.end();
        };
      } else {
        response.writeHead(202).end();
        goOn();
      }
    }),
  );
  stop = server.close;
  const ask = async () => ({ result: { action: "decline" } });
  const client = new LegacyClient({ url: server.url, bearer, listener: { ask } });
  expect(await client.request("tools/call", { name: "x" })).toEqual({ done: true });
  const answer = server.received.find((one) => one.body?.id === 77);
  expect(answer?.body).toMatchObject({ id: 77, result: { action: "decline" } });
});

test("a stream that breaks off after an event id is come back to", async () => {
  const server = await serving(
    session(({ method, body }, response) => {
      const send = stream(response);
      if (method === "POST") send(null, "e1");
      else send({ jsonrpc: "2.0", id: 2, result: { back: true } });
      response.end();
      expect(method === "GET" || body?.method === "tools/call").toBe(true);
    }),
  );
  stop = server.close;
  const client = new LegacyClient({ url: server.url, bearer, listener: {} });
  expect(await client.request("tools/call", { name: "x" })).toEqual({ back: true });
  expect(server.received.at(-1)?.headers["last-event-id"]).toBe("e1");
});

test("giving up is said to the server by name of the request", async () => {
  const control = new AbortController();
  const server = await serving(
    session(({ body }, response) => {
      if (body?.method === "tools/call") {
        stream(response);
        control.abort();
      } else response.writeHead(202).end();
    }),
  );
  stop = server.close;
  const client = new LegacyClient({ url: server.url, bearer, listener: {} });
  await expect(client.request("tools/call", { name: "x" }, { signal: control.signal })).rejects.toThrow();
  await client.close();
  const cancelled = server.received.find((one) => one.body?.method === "notifications/cancelled");
  const call = server.received.find((one) => one.body?.method === "tools/call");
  expect(cancelled?.body?.params).toEqual({ requestId: call?.body?.id });
});
