import { expect, test } from "vitest";
import { check } from "./check";
import { describe } from "./shape";
import { startOfObject, Unfinished, withField } from "./values";

const kind = (schema: unknown, root: unknown = schema) => describe(schema, root).shape.kind;

test("odd, endless and foreign schemas become JSON to write by hand, and nothing breaks", () => {
  const endless = { $ref: "#" };
  for (const odd of [
    null,
    true,
    3,
    "x",
    [],
    endless,
    { $ref: "https://example.com/s" },
    { type: "unheard-of" },
    { type: [] },
  ]) {
    expect(["raw", "variants"]).toContain(kind(odd));
    expect(() => check(odd, {})).not.toThrow();
    expect(() => startOfObject(odd, odd)).not.toThrow();
  }
  const recursive = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] };
  expect(() => startOfObject(recursive, recursive)).not.toThrow();
  expect(
    check({ type: "object", properties: { a: { type: "string", pattern: "(" } } }, { a: "x" }).size,
  ).toBe(0);
});

test("schemas that multiply on the way are not followed, and not checked", () => {
  const laughs = (at: number) => ({
    allOf: Array.from({ length: 10 }, () => ({ $ref: `#/$defs/l${at + 1}` })),
  });
  const $defs = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`l${at}`, laughs(at)]));
  const wide = {
    properties: Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`p${at}`, { $ref: "#/$defs/wide" }]),
    ),
  };
  const required = Object.keys(wide.properties);
  const many = { type: "object", ...wide, required, $defs: { wide: { type: "object", ...wide, required } } };
  const repeated = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };
  const began = Date.now();
  for (const hostile of [{ type: "object", allOf: [{ $ref: "#/$defs/l0" }], $defs }, many, repeated]) {
    startOfObject(hostile, hostile);
    check(hostile, { a: `${"a".repeat(60)}!` });
  }
  expect(Date.now() - began).toBeLessThan(2000);
});

test("each kind of schema gets the part of the form that suits it", () => {
  expect(kind({ type: "string", enum: ["a", "b"] })).toBe("choice");
  expect(kind({ oneOf: [{ const: "a", title: "A" }] })).toBe("choice");
  expect(kind({ type: "array", items: { type: "string", enum: ["a"] } })).toBe("several");
  expect(kind({ type: "array", items: { type: "object", properties: { a: {} } } })).toBe("list");
  expect(kind({ oneOf: [{ type: "string" }, { type: "object", properties: { a: {} } }] })).toBe("variants");
  expect(kind({ type: "array", prefixItems: [{}], items: {} })).toBe("raw");
  expect(kind({ const: 3 })).toBe("const");
  expect(kind({ properties: { a: {} } })).toBe("object");
});

test("null beside another type is a tick beside that type's field", () => {
  for (const schema of [{ type: ["string", "null"] }, { anyOf: [{ type: "string" }, { type: "null" }] }]) {
    expect(describe(schema, schema)).toMatchObject({ nullable: true, shape: { kind: "text" } });
  }
});

test("references and allOf are taken in, and what only narrows is left to the check", () => {
  const root = {
    $defs: { city: { $anchor: "town", type: "object", properties: { name: { type: "string" } } } },
    type: "object",
    properties: { a: { $ref: "#/$defs/city" }, b: { $ref: "#town" } },
    allOf: [{ anyOf: [{ required: ["a"] }, { required: ["b"] }] }],
  };
  expect(kind(root)).toBe("object");
  expect(kind(root.properties.a, root)).toBe("object");
  expect(kind(root.properties.b, root)).toBe("object");
  expect([...check(root, {}).keys()]).toEqual([""]);
  expect(check(root, { a: { name: "Seoul" } }).size).toBe(0);
});

test("what is wrong is said at the field that it is wrong at", () => {
  const schema = {
    $schema: "http://json-schema.org/draft-04/schema#",
    type: "object",
    properties: { "a/b": { type: "integer", minimum: 3, exclusiveMinimum: true }, n: { type: "string" } },
    required: ["n"],
  };
  const problems = check(schema, { "a/b": 3 });
  expect(problems.get("/n")?.keyword).toBe("required");
  expect(problems.get("/a~1b")?.keyword).toMatch(/minimum/i);
});

test("what is not finished is kept as it was typed, and never taken for a value", () => {
  const value = withField({}, "n", new Unfinished("12a", "number"));
  expect(check({ type: "object", properties: { n: { type: "number" } } }, value).get("/n")?.keyword).toBe(
    "not-number",
  );
  expect(JSON.stringify(value)).toBe('{"n":"12a"}');
  expect(withField(value, "n", undefined)).toEqual({});
});

test("a form begins with defaults, and with what must be there", () => {
  const schema = {
    type: "object",
    properties: {
      unit: { type: "string", default: "C" },
      mode: { const: "fast" },
      on: { type: "boolean" },
      where: { type: "object", properties: { city: { default: "Seoul" } } },
      list: { type: "array", items: {} },
      free: { type: "string" },
    },
    required: ["mode", "on", "where", "list"],
  };
  expect(startOfObject(schema, schema)).toEqual({
    unit: "C",
    mode: "fast",
    on: false,
    where: { city: "Seoul" },
    list: [],
  });
});
