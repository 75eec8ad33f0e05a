import { expect, test } from "vitest";
import { encodeValue, mirrored } from "./headers";

test("what is not safe in a header travels in base64", () => {
  expect(encodeValue("plain text")).toBe("plain text");
  expect(encodeValue("서울")).toBe("=?base64?7ISc7Jq4?=");
  expect(encodeValue(" led by a space")).toMatch(/^=\?base64\?/);
  expect(encodeValue("=?base64?x?=")).toMatch(/^=\?base64\?PT/);
});

test("only arguments that are given and annotated are mirrored", () => {
  const schema = {
    type: "object",
    properties: {
      region: { type: "string", "x-mcp-header": "Region" },
      dry: { type: "boolean", "x-mcp-header": "Dry-Run" },
      deep: { type: "object", properties: { limit: { type: "integer", "x-mcp-header": "Limit" } } },
      other: { type: "string" },
    },
  };
  const params = { name: "t", arguments: { region: "eu", dry: false, deep: { limit: 3 }, other: "x" } };
  expect(mirrored("tools/call", params, schema)).toEqual({
    "mcp-method": "tools/call",
    "mcp-name": "t",
    "mcp-param-region": "eu",
    "mcp-param-dry-run": "false",
    "mcp-param-limit": "3",
  });
  expect(mirrored("resources/read", { uri: "a://b" })).toEqual({
    "mcp-method": "resources/read",
    "mcp-name": "a://b",
  });
});

test("a schema that is none mirrors nothing", () => {
  expect(mirrored("tools/call", { name: "t", arguments: { a: 1 } }, "nonsense")).toEqual({
    "mcp-method": "tools/call",
    "mcp-name": "t",
  });
});
