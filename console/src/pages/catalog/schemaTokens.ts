import type { CapabilityView } from "@/api/schema";

const BYTES_PER_TOKEN = 4;

/** About how many tokens a model spends on having this offered: a token for each four bytes of what lists say of it. */
export function schemaTokens(one: Pick<CapabilityView, "definition" | "title" | "description">): number {
  const { _meta, icons, ...said } = one.definition;
  const text = JSON.stringify({
    ...said,
    title: one.title ?? undefined,
    description: one.description ?? undefined,
  });
  return Math.ceil(new TextEncoder().encode(text).length / BYTES_PER_TOKEN);
}
