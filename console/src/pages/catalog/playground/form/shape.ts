import { type Fields, isFields } from "@/mcp/wire";

/** What a field of the form is made as. `raw`: by hand, as JSON, which is the way out for everything else. */
export type Shape =
  | { kind: "const"; value: unknown }
  | { kind: "choice"; options: Choice[] }
  | { kind: "several"; options: Choice[] }
  | { kind: "text"; format: string; longest: number | undefined }
  | { kind: "number"; whole: boolean; least: number | undefined; most: number | undefined }
  | { kind: "boolean" }
  | { kind: "object"; properties: Property[] }
  | { kind: "list"; items: unknown; most: number | undefined }
  | { kind: "variants"; variants: { label: string; schema: Fields }[] }
  | { kind: "raw" };
export type Choice = { value: unknown; label: string };
export type Property = { name: string; schema: unknown; required: boolean };
export type Described = {
  shape: Shape;
  title: string;
  description: string;
  nullable: boolean;
  initial: unknown;
};

/** Schemas looked at to show one place: references and `allOf` can lead round and round, and grow on the way. */
const MOST_STEPS = 400;
const MOST_PARTS = 100;
const LONGEST_WORDS = 600;
/** From here on a part is edited as JSON: schemas may go on forever. */
export const DEEPEST = 6;

/** How the form shows what a schema allows. Schemas come from strangers: whatever is odd about one is `raw`. */
export function describe(schema: unknown, root: unknown): Described {
  const flat = flattened(schema, root);
  if (!flat)
    return { shape: { kind: "raw" }, title: "", description: "", nullable: false, initial: undefined };
  const { rest, nullable } = withoutNull(flat, root);
  return {
    shape: shapeOf(rest, root),
    title: words(flat.title),
    description: words(flat.description),
    nullable,
    initial: flat.default,
  };
}

function shapeOf(schema: Fields, root: unknown): Shape {
  if ("const" in schema) return { kind: "const", value: schema.const };
  const options = choices(schema, root);
  if (options) return { kind: "choice", options };
  const variants = variantsOf(schema, root);
  if (variants) return { kind: "variants", variants };
  switch (schema.type ?? (isFields(schema.properties) ? "object" : undefined)) {
    case "string":
      return { kind: "text", format: words(schema.format), longest: numeric(schema.maxLength) };
    case "integer":
    case "number":
      return { kind: "number", whole: schema.type === "integer", ...bounds(schema) };
    case "boolean":
      return { kind: "boolean" };
    case "object":
      return objectShape(schema);
    case "array":
      return listShape(schema, root);
    default:
      return { kind: "raw" };
  }
}

function objectShape(schema: Fields): Shape {
  if (!isFields(schema.properties) || Object.keys(schema.properties).length === 0) return { kind: "raw" };
  const needed = new Set(Array.isArray(schema.required) ? schema.required : []);
  const all = Object.entries(schema.properties).map(([name, one]) => ({
    name,
    schema: one,
    required: needed.has(name),
  }));
  // What must be given comes first; beyond that the order is the schema's.
  const properties = [...all.filter((one) => one.required), ...all.filter((one) => !one.required)];
  return { kind: "object", properties };
}

function listShape(schema: Fields, root: unknown): Shape {
  if (!isFields(schema.items) || schema.prefixItems) return { kind: "raw" };
  const items = flattened(schema.items, root);
  const options = items && choices(items, root);
  if (options && options.length <= 40) return { kind: "several", options };
  return { kind: "list", items: schema.items, most: numeric(schema.maxItems) };
}

function choices(schema: Fields, root: unknown): Choice[] | null {
  if (Array.isArray(schema.enum)) {
    const names = Array.isArray(schema.enumNames) ? schema.enumNames : [];
    return schema.enum.map((value, at) => ({ value, label: words(names[at]) || written(value) }));
  }
  const parts = Array.isArray(schema.oneOf) ? schema.oneOf : schema.anyOf;
  if (!Array.isArray(parts) || parts.length === 0) return null;
  const flat = parts.map((one) => flattened(one, root));
  if (!flat.every((one) => one && "const" in one)) return null;
  return flat.map((one) => ({ value: one?.const, label: words(one?.title) || written(one?.const) }));
}

function variantsOf(schema: Fields, root: unknown) {
  if (Array.isArray(schema.type) && schema.type.length > 1) {
    return schema.type.map((type) => ({ label: String(type), schema: { ...schema, type } }));
  }
  const parts = Array.isArray(schema.oneOf) ? schema.oneOf : schema.anyOf;
  if (!Array.isArray(parts)) return null;
  const flat = parts.map((one) => flattened(one, root)).filter((one): one is Fields => !!one && says(one));
  if (flat.length === 0) return null;
  const { oneOf: _, anyOf: __, title: ___, description: ____, ...base } = schema;
  return flat.map((one, at) => ({
    label: words(one.title) || labelOf(one) || String(at + 1),
    schema: merged(base, one),
  }));
}

/** Whether a part tells what stands there; such as `{required: [...]}` only narrow it, which the check sees to. */
function says(schema: Fields): boolean {
  return ["type", "properties", "const", "enum", "oneOf", "anyOf"].some((key) => key in schema);
}

function labelOf(schema: Fields): string {
  for (const property of Object.values(isFields(schema.properties) ? schema.properties : {})) {
    if (isFields(property) && typeof property.const === "string") return property.const;
  }
  return words(schema.type);
}

function withoutNull(schema: Fields, root: unknown): { rest: Fields; nullable: boolean } {
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const types = schema.type.filter((one) => one !== "null");
    return { rest: { ...schema, type: types.length === 1 ? types[0] : types }, nullable: true };
  }
  for (const key of ["anyOf", "oneOf"] as const) {
    const parts = schema[key];
    if (!Array.isArray(parts)) continue;
    const others = parts.filter((one) => flattened(one, root)?.type !== "null");
    if (others.length === parts.length) continue;
    const { [key]: _, ...base } = schema;
    const only = others.length === 1 ? flattened(others[0], root) : null;
    return { rest: only ? merged(base, only) : { ...base, [key]: others }, nullable: true };
  }
  return { rest: schema, nullable: schema.nullable === true };
}

/** With its `$ref` followed and its `allOf` taken in; null for what can't be. */
export function flattened(schema: unknown, root: unknown, budget = { left: MOST_STEPS }): Fields | null {
  budget.left -= 1;
  if (!isFields(schema) || budget.left < 0) return null;
  if (typeof schema.$ref === "string") {
    const { $ref, ...beside } = schema;
    const target = flattened(pointed(schema.$ref, root), root, budget);
    return target && merged(target, beside);
  }
  if (!Array.isArray(schema.allOf)) return schema;
  const { allOf, ...base } = schema;
  let whole: Fields = base;
  for (const part of allOf.slice(0, MOST_PARTS)) {
    const flat = flattened(part, root, budget);
    // A part that only chooses between others is for the check.
    if (flat && ("type" in flat || "properties" in flat)) whole = merged(flat, whole);
  }
  return whole;
}

function merged(under: Fields, over: Fields): Fields {
  const whole = { ...under, ...over };
  if (isFields(under.properties) && isFields(over.properties)) {
    whole.properties = { ...under.properties, ...over.properties };
  }
  if (Array.isArray(under.required) && Array.isArray(over.required)) {
    whole.required = [...new Set([...under.required, ...over.required])];
  }
  return whole;
}

/** What `#/a/b` or `#anchor` stands for in this document. Nothing is ever fetched. */
export function pointed(ref: string, root: unknown): unknown {
  if (!ref.startsWith("#")) return undefined;
  if (ref.length > 1 && ref[1] !== "/") return anchored(ref.slice(1), root);
  let at: unknown = root;
  for (const part of ref.slice(2).split("/").filter(Boolean)) {
    const key = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isFields(at) || Array.isArray(at) ? (at as Fields)[key] : undefined;
  }
  return at;
}

function anchored(name: string, root: unknown): unknown {
  if (!isFields(root)) return undefined;
  const places = [root.$defs, root.definitions].filter(isFields).flatMap((one) => Object.values(one));
  return places.find((one) => isFields(one) && (one.$anchor === name || one.id === `#${name}`));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function bounds(schema: Fields): { least: number | undefined; most: number | undefined } {
  return {
    least: numeric(schema.minimum) ?? numeric(schema.exclusiveMinimum),
    most: numeric(schema.maximum) ?? numeric(schema.exclusiveMaximum),
  };
}

function numeric(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function words(value: unknown): string {
  return typeof value === "string" ? value.slice(0, LONGEST_WORDS) : "";
}

export function written(value: unknown): string {
  return (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, LONGEST_WORDS);
}
