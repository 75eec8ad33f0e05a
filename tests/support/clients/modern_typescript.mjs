// Client of the 2.x line of the TypeScript SDK, on the modern wire alone: MODULES URL TOOL ARGUMENTS, the token in TOKEN.
// MODULES is the directory of packages: it is not beside this file, where import would look for it.
import { createRequire } from "node:module";

const VERSION = "2026-07-28";
const [modules, url, tool, args] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");

const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const client = new Client(
  { name: "modern-typescript", version: "1.0.0" },
  { versionNegotiation: { mode: { pin: VERSION } } },
);
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
const { tools } = await client.listTools();
const result = await client.callTool({ name: tool, arguments: JSON.parse(args) });
console.log(JSON.stringify({ version: VERSION, tools: tools.map(({ name }) => name), text: result.content[0].text }));
await client.close();
