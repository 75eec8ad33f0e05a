// Client of the 1.x line of the TypeScript SDK: MODULES URL TOOL ARGUMENTS, the token in TOKEN, over SSE where the path
// says so. MODULES is the directory of packages: it is not beside this file, where import would look for it.
import { createRequire } from "node:module";

const [modules, url, tool, args] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { SSEClientTransport } = require("@modelcontextprotocol/sdk/client/sse.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");

const Transport = url.endsWith("/sse") ? SSEClientTransport : StreamableHTTPClientTransport;
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const client = new Client({ name: "legacy-typescript", version: "1.0.0" });
await client.connect(new Transport(new URL(url), { requestInit: { headers } }));
const { tools } = await client.listTools();
const result = await client.callTool({ name: tool, arguments: JSON.parse(args) });
console.log(JSON.stringify({ tools: tools.map(({ name }) => name), text: result.content[0].text }));
await client.close();
