import type { CapabilityView } from "@/api/schema";

export type Kind = CapabilityView["kind"];
export type Effect = "read" | "destructive" | "other";

/** A capability as the picker needs it: small, since there may be thousands. */
export type Item = {
  id: string;
  kind: Kind;
  name: string;
  title: string;
  description: string;
  upstream: { id: string; name: string };
  tags: string[];
  tokens: number;
  effect: Effect;
  gone: boolean;
  /** All words of it, in lower case. */
  text: string;
};

const DESCRIPTION = 240;

export function itemOf(one: CapabilityView): Item {
  const name = one.kind === "resource" || one.kind === "resource_template" ? (one.uri ?? one.name) : one.name;
  const description = (one.description ?? "").slice(0, DESCRIPTION);
  return {
    id: one.id,
    kind: one.kind,
    name,
    title: one.title ?? "",
    description,
    upstream: { id: one.upstream.id, name: one.upstream.name },
    tags: one.tags,
    tokens: one.tokens,
    effect: effectOf(one),
    gone: one.state === "gone",
    text: [name, one.title ?? "", description, one.upstream.name, ...one.tags].join("\n").toLowerCase(),
  };
}

/** What a tool says of itself; what says nothing may change things, but is not known to destroy any. */
function effectOf(one: CapabilityView): Effect {
  if (one.kind !== "tool") return "read";
  const said = {
    ...(one.definition.annotations as object | undefined),
    ...(one.overrides.annotations ?? {}),
  } as Record<string, unknown>;
  if (said.readOnlyHint === true) return "read";
  return said.destructiveHint === true ? "destructive" : "other";
}

export type Wanted = { words: string; upstream: string; kind: string; effect: string; tag: string };

/** Those that have all words and suit all choices, in their order. */
export function matching(items: Item[], wanted: Wanted): Item[] {
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(
    (one) =>
      (!wanted.upstream || one.upstream.name === wanted.upstream) &&
      (!wanted.kind || one.kind === wanted.kind) &&
      (!wanted.effect || one.effect === wanted.effect) &&
      (!wanted.tag || one.tags.includes(wanted.tag)) &&
      words.every((word) => one.text.includes(word)),
  );
}

type Named = { id: string; kind: Kind; name: string; upstream: { name: string } };

/**
 * The names that agents will see, by id: its own where it is free, else `{upstream}_{name}`, in the order of picking. Names that
 * were given before are kept.
 */
export function advertised(
  picked: Named[],
  given: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  const take = (one: Named, name: string) => {
    taken.add(`${one.kind} ${name}`);
    names.set(one.id, name);
  };
  const free = (one: Named, name: string) => !taken.has(`${one.kind} ${name}`);
  for (const one of picked) {
    const name = given.get(one.id);
    if (name !== undefined) take(one, name);
  }
  for (const one of picked) {
    if (names.has(one.id)) continue;
    const long = `${one.upstream.name}_${one.name}`;
    const isUri = one.kind === "resource" || one.kind === "resource_template";
    take(one, isUri || free(one, one.name) ? one.name : long);
  }
  return names;
}
