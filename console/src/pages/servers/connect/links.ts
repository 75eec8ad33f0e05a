import type { ClientConfig } from "@/api/schema";

/** A token that was made on this page. It lives in the memory of the page alone. */
export type Known = { name: string; token: string };

// What stands in the texts of the API for a token that it does not know.
const PLACES = [
  /YOUR-TOKEN/g,
  /\$\{env:GATEHOUSE_TOKEN\}/g,
  /\$\{input:gatehouse-token\}/g,
  /\$\{GATEHOUSE_TOKEN\}/g,
  /\$GATEHOUSE_TOKEN\b/g,
];

/** The text of a recipe with the token in its place. */
export function withToken(text: string, known: Known | null): string {
  if (!known) return text;
  const filled = PLACES.reduce((before, place) => before.replace(place, () => known.token), text);
  return filled
    .replace(/^env_vars = \["GATEHOUSE_TOKEN"\]\n/m, "")
    .replace(/^env = \{ (.*) \}$/m, (line, inside: string) =>
      inside.includes("GATEHOUSE_TOKEN") || !text.includes("env_vars")
        ? line
        : `env = { ${inside}, GATEHOUSE_TOKEN = "${known.token}" }`,
    );
}

type Json = Record<string, Record<string, Record<string, unknown>>>;

/** An address that opens the client and offers it the server, for those clients that have such addresses. */
export function deepLink(config: ClientConfig, known: Known | null, slug: string): string | undefined {
  if (config.language !== "json") return undefined;
  const parsed = JSON.parse(withToken(config.text, known)) as Json;
  const [entry] = Object.values(parsed.mcpServers ?? parsed.servers ?? {});
  if (!entry) return undefined;
  if (config.client === "cursor") {
    const packed = btoa(unescape(encodeURIComponent(JSON.stringify(entry))));
    return `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(slug)}&config=${encodeURIComponent(packed)}`;
  }
  if (config.client === "vscode")
    return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: slug, ...entry }))}`;
  return undefined;
}
