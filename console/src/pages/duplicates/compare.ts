import type { CapabilityView } from "@/api/schema";

const DEEPEST = 40;

/** A schema with its keys in order, so that only what differs in meaning shows as a difference. */
export function ordered(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((one) => ordered(one, depth + 1));
  if (typeof value !== "object" || value === null || depth > DEEPEST) return value;
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([name, one]) => [name, ordered(one, depth + 1)]));
}

export function schemaText(tool: CapabilityView): string {
  return JSON.stringify(ordered(tool.definition.inputSchema ?? {}), null, 2);
}
