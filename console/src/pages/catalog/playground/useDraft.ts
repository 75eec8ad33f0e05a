import { useEffect, useState } from "react";
import { type Fields, isFields } from "@/mcp/wire";
import { startOfObject } from "./form/values";
import { inputSchema, type Tried } from "./wanted";

export type Draft = {
  value: Fields;
  /** The JSON as it was typed; it need not be whole. */
  text: string;
  way: "form" | "json";
  /** Whether the JSON is an object. */
  whole: boolean;
  fill: (value: unknown) => void;
  type: (text: string) => void;
  go: (way: "form" | "json") => void;
  reset: () => void;
};
type Kept = { value: Fields; text: string; way: "form" | "json" };

/** What was typed stays while the page is open, whichever tabs are gone to meanwhile. */
const drafts = new Map<string, Kept>();

export function useDraft(key: string, tried: Tried): Draft {
  const [kept, setKept] = useState<Kept>(() => drafts.get(key) ?? fresh(tried));
  useEffect(() => {
    drafts.set(key, kept);
  }, [key, kept]);
  const parsed = objectOf(kept.text);
  return {
    ...kept,
    whole: parsed !== null,
    fill: (value) => setKept((before) => ({ ...before, value: isFields(value) ? value : {} })),
    type: (text) => setKept((before) => ({ ...before, text, value: objectOf(text) ?? before.value })),
    go: (way) =>
      setKept((before) => ({ ...before, way, text: way === "json" ? textOf(before) : before.text })),
    reset: () => setKept((before) => ({ ...fresh(tried), way: before.way })),
  };
}

function fresh(tried: Tried): Kept {
  const schema = inputSchema(tried);
  const value = tried.kind === "tool" ? guarded(() => startOfObject(schema, schema)) : {};
  return { value, text: JSON.stringify(value, null, 2), way: "form" };
}

/** As it was typed, where the form has said nothing else since. */
function textOf({ text, value }: Kept): string {
  const same = JSON.stringify(objectOf(text)) === JSON.stringify(value);
  return same ? text : JSON.stringify(value, null, 2);
}

function objectOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

/** A schema of a stranger may have anything in it. */
function guarded(make: () => Fields): Fields {
  try {
    return make();
  } catch {
    return {};
  }
}
