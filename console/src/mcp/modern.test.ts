// @vitest-environment node
import { afterEach, expect, test, vi } from "vitest";
import { json, serving, stream } from "./serving";
import type { Passed, Progress } from "./wire";

// The page's own address, which these modules derive the API's from.
vi.stubGlobal("document", { baseURI: "http://127.0.0.1/console/" });
const { ModernClient } = await import("./modern");

let stop: () => void = () => undefined;
afterEach(() => stop());

const bearer = async () => "secret-pass";

test("a refusal by the server is a failure with its code", async () => {
  const server = await serving(({ body }, response) =>
    json(response, { jsonrpc: "2.0", id: body?.id, error: { code: -32601, message: "No such method" } }, 404),
  );
  stop = server.close;
  const client = new ModernClient({ url: server.url, bearer, listener: {} });
  await expect(client.request("tools/call", { name: "x" })).rejects.toMatchObject({ code: -32601 });
});

test("progress and logs are heard before the result, and the pass is in no journal", async () => {
  const passed: Passed[] = [];
  const progress: Progress[] = [];
  const server = await serving(({ body }, response) => {
    const send = stream(response);
    const { progressToken: token } = (body?.params?._meta ?? {}) as Record<string, unknown>;
    send({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: token, progress: 1, total: 2 },
    });
    send({ jsonrpc: "2.0", id: body?.id, result: { resultType: "complete", content: [] } });
    response.end();
  });
  stop = server.close;
  const listener = {
    passed: (one: Passed) => passed.push(one),
    progress: (one: Progress) => progress.push(one),
  };
  const client = new ModernClient({ url: server.url, bearer, listener });
  expect(await client.request("tools/call", { name: "x", arguments: {} })).toMatchObject({ content: [] });
  expect(progress.map((one) => one.progress)).toEqual([1]);
  expect(passed.map((one) => one.direction)).toEqual(["out", "in", "in"]);
  expect(JSON.stringify(passed)).not.toContain("secret-pass");
  expect(server.received[0]?.headers.authorization).toBe("Bearer secret-pass");
  expect(server.received[0]?.headers["mcp-protocol-version"]).toBe("2026-07-28");
});

test("answers go back with the state as it came, in a new request", async () => {
  const server = await serving(({ body }, response) => {
    const params = body?.params ?? {};
    const result = params.inputResponses
      ? { resultType: "complete", said: params }
      : {
          resultType: "input_required",
          inputRequests: { who: { method: "elicitation/create", params: { message: "Who?" } } },
          requestState: "sealed",
        };
    json(response, { jsonrpc: "2.0", id: body?.id, result });
  });
  stop = server.close;
  const ask = async () => ({ result: { action: "accept", content: { name: "Ada" } } });
  const client = new ModernClient({ url: server.url, bearer, listener: { ask } });
  const { said } = (await client.request("tools/call", { name: "x" })) as { said: Record<string, unknown> };
  expect(said).toMatchObject({
    name: "x",
    requestState: "sealed",
    inputResponses: { who: { action: "accept", content: { name: "Ada" } } },
  });
  expect(new Set(server.received.map((one) => one.body?.id)).size).toBe(2);
});

test("a refusal to answer ends the call, for which this era has no other word", async () => {
  const server = await serving(({ body }, response) =>
    json(response, {
      jsonrpc: "2.0",
      id: body?.id,
      result: {
        resultType: "input_required",
        inputRequests: { m: { method: "sampling/createMessage", params: {} } },
      },
    }),
  );
  stop = server.close;
  const ask = async () => ({ refusal: "No." });
  const client = new ModernClient({ url: server.url, bearer, listener: { ask } });
  await expect(client.request("tools/call", { name: "x" })).rejects.toMatchObject({
    message: "No.",
    code: -1,
  });
  expect(server.received).toHaveLength(1);
});
