import { expect, test } from "vitest";
import { cli, curl, literal, python, quoted } from "./commands";
import { indented } from "./indented";
import { expand, variablesOf } from "./uriTemplate";
import { type Tried, wantedOf } from "./wanted";

const tool: Tried = {
  id: "cap_1",
  kind: "tool",
  name: "find",
  definition: {
    inputSchema: { type: "object", properties: { q: { type: "string", "x-mcp-header": "Query" } } },
  },
  upstream: { id: "ups_1", name: "box" },
};

test("a shell takes nothing in arguments for its own", () => {
  const wanted = wantedOf(tool, "box_find", { q: "it's $HOME `x`" });
  expect(quoted("it's")).toBe("'it'\\''s'");
  const text = curl("modern", "http://g/mcp", wanted);
  expect(text).toContain("'mcp-param-query: it'\\''s $HOME `x`'");
  expect(text).toContain('"authorization: Bearer $GATEHOUSE_TOKEN"');
  expect(cli({ kind: "server", ref: "desk" }, tool, "find", wanted)).toContain(
    " gatehouse call desk find 'q=it'\\''s $HOME `x`'",
  );
});

test("a legacy call with curl begins with a handshake", () => {
  const text = curl("legacy", "http://g/mcp", wantedOf(tool, "find", { n: 1 }));
  expect(text.indexOf("initialize")).toBeLessThan(text.indexOf("tools/call"));
  expect(text).toContain('"mcp-session-id: $SESSION"');
});

test("Python gets values as Python writes them", () => {
  expect(literal({ a: [true, null, 1.5, "x"] })).toBe('{"a": [True, None, 1.5, "x"]}');
  expect(python("legacy", "http://g/mcp", wantedOf(tool, "find", {}))).toContain('mode="legacy"');
});

test("a template is filled in, and says which variables it has", () => {
  const template = "note://{team}/weeks/{week}{?lang,size}{+path}";
  expect(variablesOf(template)).toEqual(["team", "week", "lang", "size", "path"]);
  expect(expand(template, { team: "a b", week: "1/2", lang: "ko" })).toBe("note://a%20b/weeks/1%2F2?lang=ko");
  expect(expand("{+path}", { path: "a/b" })).toBe("a/b");
});

test("arguments of prompts that are empty are not given", () => {
  const prompt: Tried = { ...tool, kind: "prompt", name: "p", definition: {} };
  expect(wantedOf(prompt, "box_p", { a: "", b: "x" }).params).toEqual({
    name: "box_p",
    arguments: { b: "x" },
  });
});

test("JSON is laid out without touching its numbers", () => {
  const text = '{"a":12345678901234567890,"b":[],"c":{"d":"x, {y}"}}';
  expect(indented(text)).toBe(
    '{\n  "a": 12345678901234567890,\n  "b": [],\n  "c": {\n    "d": "x, {y}"\n  }\n}',
  );
  expect(indented("not json")).toBe("not json");
});
