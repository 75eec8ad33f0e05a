export type Pasted = { name: string; address: string };

/** What an `mcp.json` names, whichever client wrote it; undefined where the text is none. */
export function pasted(text: string): { document: Record<string, unknown>; found: Pasted[] } | undefined {
  const document = parsed(text);
  if (!document) return undefined;
  const servers = entries(document) ?? (isBare(document) ? document : undefined);
  if (!servers || !Object.keys(servers).length) return undefined;
  const found = Object.entries(servers).map(([name, value]) => ({ name, address: addressOf(value) }));
  return { document: entries(document) ? document : { mcpServers: servers }, found };
}

function parsed(text: string): Record<string, unknown> | undefined {
  for (const tried of [text, `{${text.replace(/,\s*$/, "")}}`]) {
    try {
      const value: unknown = JSON.parse(tried);
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        return value as Record<string, unknown>;
    } catch {
      // The next way may read it.
    }
  }
  return undefined;
}

function entries(document: Record<string, unknown>): Record<string, unknown> | undefined {
  const inside =
    document.mcpServers ?? document.servers ?? (document.mcp as Record<string, unknown> | undefined)?.servers;
  return typeof inside === "object" && inside !== null && !Array.isArray(inside)
    ? (inside as Record<string, unknown>)
    : undefined;
}

/** The inner part alone, as documentation of MCP servers often shows it. */
function isBare(document: Record<string, unknown>): boolean {
  return Object.values(document).every(
    (one) => typeof one === "object" && one !== null && ("command" in one || "url" in one),
  );
}

function addressOf(value: unknown): string {
  const entry = value as {
    url?: unknown;
    httpUrl?: unknown;
    serverUrl?: unknown;
    command?: unknown;
    args?: unknown;
  };
  const url = entry?.url ?? entry?.httpUrl ?? entry?.serverUrl;
  if (typeof url === "string") return url;
  const args = Array.isArray(entry?.args) ? entry.args.map(String) : [];
  return [typeof entry?.command === "string" ? entry.command : "?", ...args].join(" ");
}
