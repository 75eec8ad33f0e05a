import { expect, test } from "vitest";
import { pasted } from "./paste";

test("Claude's, Cursor's and VS Code's forms are read", () => {
  const entry = { command: "uvx", args: ["mcp-server-time"] };
  for (const document of [
    { mcpServers: { time: entry } },
    { servers: { time: entry } },
    { mcp: { servers: { time: entry } } },
  ]) {
    expect(pasted(JSON.stringify(document))?.found).toEqual([
      { name: "time", address: "uvx mcp-server-time" },
    ]);
  }
});

test("the inner part alone is enough, with or without its braces", () => {
  const inner = '"docs": {"url": "https://mcp.example.com/mcp"}';
  for (const text of [`{${inner}}`, inner, `${inner},`]) {
    const read = pasted(text);
    expect(read?.found).toEqual([{ name: "docs", address: "https://mcp.example.com/mcp" }]);
    expect(read?.document).toHaveProperty("mcpServers.docs");
  }
});

test.each(["", "no json", "[]", "{}", '{"a": 1}'])("%s is none", (text) =>
  expect(pasted(text)).toBeUndefined(),
);
