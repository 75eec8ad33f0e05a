import { type Fields, isFields } from "@/mcp/wire";
import { DEEPEST, describe } from "./shape";

/** What was typed where it is no number, or no JSON, yet: kept as it is, and never sent. */
export class Unfinished {
  constructor(
    readonly text: string,
    readonly wanted: "number" | "json",
  ) {}

  toJSON(): string {
    return this.text;
  }
}

/** Places that a form begins with at most; the rest is added by hand. */
const MOST_PLACES = 500;
type Budget = { left: number };

/** What a form begins with: defaults, what can be nothing else, and what must be there. */
export function startOf(
  schema: unknown,
  root: unknown,
  required: boolean,
  depth = 0,
  budget: Budget = { left: MOST_PLACES },
): unknown {
  budget.left -= 1;
  if (budget.left < 0) return undefined;
  const { shape, initial, nullable } = describe(schema, root);
  if (initial !== undefined) return structuredClone(initial);
  if (!required || depth > DEEPEST) return undefined;
  if (shape.kind === "const") return shape.value;
  if (shape.kind === "object") return startOfObject(schema, root, depth, budget);
  if (nullable) return undefined;
  if (shape.kind === "boolean") return false;
  return shape.kind === "list" || shape.kind === "several" ? [] : undefined;
}

export function startOfObject(
  schema: unknown,
  root: unknown,
  depth = 0,
  budget: Budget = { left: MOST_PLACES },
): Fields {
  const { shape } = describe(schema, root);
  const found: Fields = {};
  if (shape.kind !== "object") return found;
  for (const one of shape.properties) {
    const value = startOf(one.schema, root, one.required, depth + 1, budget);
    if (value !== undefined) found[one.name] = value;
  }
  return found;
}

export function withField(value: unknown, name: string, field: unknown): Fields {
  const { [name]: _, ...rest } = isFields(value) ? value : {};
  return field === undefined ? rest : { ...(isFields(value) ? value : {}), [name]: field };
}

/** Where something is unfinished, by JSON pointer. */
export function unfinished(value: unknown, path = ""): [string, Unfinished][] {
  if (value instanceof Unfinished) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((one, at) => unfinished(one, `${path}/${at}`));
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => unfinished(one, `${path}/${escaped(name)}`));
}

export function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
