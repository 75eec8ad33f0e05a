import { type Fields, isFields } from "./wire";

const NAMED_BY: Record<string, string> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};
const PLAIN = /^[\x20-\x7e]*$/;
const SENTINEL = /^=\?base64\?.*\?=$/s;

/** A value of a header: as it is where that is safe, else in its base64 form (2026-07-28 basic/transports). */
export function encodeValue(value: string): string {
  const safe = PLAIN.test(value) && value === value.trim() && !SENTINEL.test(value);
  return safe ? value : `=?base64?${base64(value)}?=`;
}

/** The headers that mirror the body of a modern request. `schema`: of the tool's input. */
export function mirrored(method: string, params: Fields, schema?: unknown): Record<string, string> {
  const found: Record<string, string> = { "mcp-method": method };
  const name = params[NAMED_BY[method] ?? ""];
  if (typeof name === "string") found["mcp-name"] = encodeValue(name);
  if (method === "tools/call") collect(schema, params.arguments, found, 0);
  return found;
}

const DEEPEST = 32;

/** `x-mcp-header` stands on properties that chains of `properties` lead to, and nowhere else. */
function collect(schema: unknown, value: unknown, found: Record<string, string>, depth: number): void {
  if (!isFields(schema) || !isFields(schema.properties) || !isFields(value) || depth > DEEPEST) return;
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isFields(property)) continue;
    const header = property["x-mcp-header"];
    const given = value[name];
    if (typeof header === "string" && ["string", "number", "boolean"].includes(typeof given)) {
      found[`mcp-param-${header.toLowerCase()}`] = encodeValue(String(given));
    }
    collect(property, given, found, depth + 1);
  }
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
