import { type OutputUnit, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { isFields } from "@/mcp/wire";
import { isCostly } from "./cost";
import { escaped, unfinished } from "./values";

export type Problem = { keyword: string; detail: string };
/** What is wrong, by JSON pointer. */
export type Problems = ReadonlyMap<string, Problem>;

const LARGEST = 400_000;
/** Keywords that only say that something below them is wrong, which says it itself. */
const AROUND = new Set([
  "properties", "additionalProperties", "unevaluatedProperties", "items", "prefixItems", "additionalItems", "$ref", "allOf", "patternProperties", "if", "then",
  "else", "dependentSchemas", "dependencies", "contains", "$dynamicRef", "$recursiveRef", "unevaluatedItems",
]); // biome-ignore format: as a paragraph

/** Whether the arguments fit the schema. A schema that can't be read checks nothing: the server has the last word. */
export function check(schema: unknown, value: unknown): Problems {
  const problems = new Map<string, Problem>();
  for (const [path, one] of unfinished(value))
    problems.set(path, { keyword: `not-${one.wanted}`, detail: "" });
  const plain: unknown = JSON.parse(JSON.stringify(value ?? {}));
  for (const error of errorsOf(schema, plain)) {
    const [path, problem] = told(error);
    if (!problems.has(path)) problems.set(path, problem);
  }
  return problems;
}

function errorsOf(schema: unknown, value: unknown): OutputUnit[] {
  if (!isFields(schema)) return [];
  try {
    if (JSON.stringify(schema).length > LARGEST || isCostly(schema)) return [];
    const found = new Validator(schema, draftOf(schema), false).validate(value).errors;
    const exact = found.filter((one) => !AROUND.has(one.keyword));
    return exact.filter((one) => !insideOfParts(one, exact));
  } catch {
    return [];
  }
}

/** Which of the parts of a `oneOf` was meant is not known: what is wrong with each of them would only confuse. */
function insideOfParts(error: OutputUnit, all: OutputUnit[]): boolean {
  return all.some(
    (one) =>
      one !== error &&
      (one.keyword === "anyOf" || one.keyword === "oneOf") &&
      error.keywordLocation.startsWith(`${one.keywordLocation}/`),
  );
}

function draftOf(schema: Record<string, unknown>): SchemaDraft {
  const named = String(schema.$schema ?? "");
  if (named.includes("draft-04") || named.includes("draft-03")) return "4";
  if (named.includes("draft-06") || named.includes("draft-07")) return "7";
  return named.includes("2019-09") ? "2019-09" : "2020-12";
}

function told({ keyword, instanceLocation, error }: OutputUnit): [string, Problem] {
  const path = decodeURI(instanceLocation.replace(/^#/, ""));
  const detail = /"([^"]+)"\.?$/.exec(error)?.[1] ?? "";
  if (keyword === "required" && detail) return [`${path}/${escaped(detail)}`, { keyword, detail: "" }];
  return [path, { keyword, detail: keyword === "required" ? "" : error }];
}
