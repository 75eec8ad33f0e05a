import { absolute } from "@/api/root";
import { mirrored } from "@/mcp/headers";
import { CLIENT_INFO, type Era, type Fields, LEGACY_VERSION, MODERN_VERSION } from "@/mcp/wire";
import { type Target, type Tried, urlOf, type Wanted } from "./wanted";

const TOKEN = "$GATEHOUSE_TOKEN";

/** The same call with curl. Legacy servers begin with a handshake, whose session the call is in. */
export function curl(era: Era, url: string, wanted: Wanted): string {
  return era === "modern" ? modernCurl(url, wanted) : legacyCurl(url, wanted);
}

function modernCurl(url: string, { method, params, schema }: Wanted): string {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": { name: "curl", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const headers = { "mcp-protocol-version": MODERN_VERSION, ...mirrored(method, params, schema) };
  return posted(url, { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } }, headers);
}

function legacyCurl(url: string, { method, params }: Wanted): string {
  const clientInfo = { name: "curl", version: CLIENT_INFO.version };
  const hello = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const begin = posted(
    url,
    { jsonrpc: "2.0", id: 0, method: "initialize", params: hello },
    {},
    "-sS -D - -o /dev/null",
  );
  const session = { "mcp-protocol-version": LEGACY_VERSION, "mcp-session-id": "$SESSION" };
  return [
    `SESSION=$(${begin} \\\n  | tr -d '\\r' | sed -n 's/^mcp-session-id: //Ip')`,
    posted(url, { jsonrpc: "2.0", method: "notifications/initialized" }, session, "-sS"),
    posted(url, { jsonrpc: "2.0", id: 1, method, params }, session),
  ].join("\n");
}

function posted(url: string, body: Fields, headers: Record<string, string>, flags = "-sS -N"): string {
  const all = {
    authorization: `Bearer ${TOKEN}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `-H ${doubled(`${name}: ${value}`)}`);
  return [`curl ${flags} ${quoted(url)}`, ...lines, `-d ${quoted(JSON.stringify(body))}`].join(" \\\n  ");
}

/** The same with Gatehouse's own command line, which shows its token to the gateway that it was told of alone. */
export function cli(target: Target, tried: Tried, name: string, wanted: Wanted): string {
  const gateway = absolute("").replace(/\/$/, "");
  return `GATEHOUSE_URL=${quoted(gateway)} ${command(target, tried, name, wanted)}`;
}

function command(target: Target, tried: Tried, name: string, wanted: Wanted): string {
  const { params } = wanted;
  if (tried.kind === "tool") {
    const server = target.kind === "server" ? target.ref : urlOf(target);
    return ["gatehouse call", quoted(server), quoted(name), ...pairs(params.arguments as Fields)].join(" ");
  }
  if (tried.kind === "prompt") {
    return ["gatehouse prompt render", tried.id, ...pairs(params.arguments as Fields)].join(" ");
  }
  const uri = tried.kind === "resource_template" ? ` --uri ${quoted(String(params.uri))}` : "";
  return `gatehouse resource read ${tried.id}${uri}`;
}

function pairs(values: Fields): string[] {
  return Object.entries(values ?? {}).map(([name, value]) =>
    quoted(typeof value === "string" ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`),
  );
}

/** The same with the Python SDK of MCP. */
export function python(era: Era, url: string, wanted: Wanted): string {
  const mode = era === "legacy" ? ', mode="legacy"' : "";
  return `import asyncio
import os

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main():
    headers = {"authorization": f"Bearer {os.environ['GATEHOUSE_TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(${literal(url)}, http_client=http)
        async with Client(transport${mode}) as client:
            print(await client.${pythonCall(wanted)})


asyncio.run(main())
`;
}

function pythonCall({ method, params }: Wanted): string {
  if (method === "resources/read") return `read_resource(${literal(params.uri)})`;
  const name = method === "tools/call" ? "call_tool" : "get_prompt";
  return `${name}(${literal(params.name)}, ${literal(params.arguments)})`;
}

/** A value as Python writes it. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`);
  return `{${pairs.join(", ")}}`;
}

/** A word for a shell that takes nothing in it for its own. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same, but for the variables of ours that it is to fill in. */
function doubled(text: string): string {
  const variable = /\$(GATEHOUSE_TOKEN|SESSION)/;
  return variable.test(text) ? `"${text}"` : quoted(text);
}
