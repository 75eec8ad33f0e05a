/** JSON with a line for each value, its numbers and texts left as they came: parsing would change long integers. */
export function indented(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const compact = text.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return compact
    .map((part, at) => {
      const empty = ["{", "["].includes(compact[at - 1] ?? "");
      if (part === "{" || part === "[") {
        depth += 1;
        return ["}", "]"].includes(compact[at + 1] ?? "") ? part : part + line();
      }
      if (part === "}" || part === "]") {
        depth -= 1;
        return empty ? part : line() + part;
      }
      return part === "," ? part + line() : part === ":" ? ": " : part;
    })
    .join("");
}
