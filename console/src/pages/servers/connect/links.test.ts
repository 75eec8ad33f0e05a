import { expect, test } from "vitest";
import { deepLink, withToken } from "./links";

const KNOWN = { name: "me", token: "gh_abc$1" };
const CURSOR = {
  client: "cursor",
  transport: "http",
  file_hint: "",
  language: "json" as const,
  text: '{"mcpServers":{"time":{"url":"http://h/mcp","headers":{"Authorization":"Bearer ${env:GATEHOUSE_TOKEN}"}}}}',
  notes: [],
  also: [],
};

test.each([
  ['{"a": "Bearer YOUR-TOKEN"}', '{"a": "Bearer gh_abc$1"}'],
  ['--header "Authorization: Bearer $GATEHOUSE_TOKEN"', '--header "Authorization: Bearer gh_abc$1"'],
  ["Bearer ${input:gatehouse-token}", "Bearer gh_abc$1"],
])("%s gets the token", (text, filled) => expect(withToken(text, KNOWN)).toBe(filled));

test("codex is given the token in the place of the variable's name", () => {
  const text = 'env = { GATEHOUSE_URL = "http://h" }\nenv_vars = ["GATEHOUSE_TOKEN"]\n';
  expect(withToken(text, KNOWN)).toBe('env = { GATEHOUSE_URL = "http://h", GATEHOUSE_TOKEN = "gh_abc$1" }\n');
});

test("without a token the text stays", () => expect(withToken(CURSOR.text, null)).toBe(CURSOR.text));

test("Cursor's link holds the entry, with the token", () => {
  const link = new URL(deepLink(CURSOR, KNOWN, "time") ?? "");
  const entry = JSON.parse(atob(link.searchParams.get("config") ?? ""));
  expect(entry).toEqual({ url: "http://h/mcp", headers: { Authorization: "Bearer gh_abc$1" } });
});

test("a client without such addresses has no link", () => {
  expect(deepLink({ ...CURSOR, client: "gemini" }, KNOWN, "time")).toBeUndefined();
});
