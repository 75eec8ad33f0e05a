import { isFields } from "@/mcp/wire";
import { pointed } from "./shape";

const MOST = 50_000;
const DEEPEST = 100;
/** Patterns in which one repetition stands in another may take longer than anybody waits. */
const NESTED = /\([^)]*[+*][^)]*\)[+*{]/;

class TooMuch extends Error {}

/**
 * Whether checking a value could take forever. What applies to the same place again and again multiplies: `allOf` of
 * references to `allOf`s; what goes down into the value ends with it.
 */
export function isCostly(schema: unknown): boolean {
  const budget = { left: MOST };
  try {
    walk(schema, schema, budget);
    return false;
  } catch (error) {
    if (error instanceof TooMuch || error instanceof RangeError) return true;
    throw error;
  }
}

type Budget = { left: number };

function walk(node: unknown, root: unknown, budget: Budget): void {
  if (Array.isArray(node)) for (const one of node) walk(one, root, budget);
  if (!isFields(node)) return;
  if (typeof node.pattern === "string" && NESTED.test(node.pattern)) throw new TooMuch();
  inPlace(node, root, budget, 0);
  for (const one of Object.values(node)) walk(one, root, budget);
}

function inPlace(node: unknown, root: unknown, budget: Budget, depth: number): void {
  budget.left -= 1;
  if (budget.left < 0 || depth > DEEPEST) throw new TooMuch();
  if (!isFields(node)) return;
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    const parts = node[key];
    if (Array.isArray(parts)) for (const one of parts) inPlace(one, root, budget, depth + 1);
  }
  for (const key of ["not", "if", "then", "else"]) {
    if (isFields(node[key])) inPlace(node[key], root, budget, depth + 1);
  }
  if (typeof node.$ref === "string") inPlace(pointed(node.$ref, root), root, budget, depth + 1);
}
