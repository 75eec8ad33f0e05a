import type { Item } from "./items";

/** Ids by the lists that the API takes them in. */
export function split(picked: string[], items: ReadonlyMap<string, Pick<Item, "kind">>) {
  const of = (...kinds: Item["kind"][]) =>
    picked.filter((id) => kinds.includes(items.get(id)?.kind ?? "tool"));
  return { tools: of("tool"), prompts: of("prompt"), resources: of("resource", "resource_template") };
}
