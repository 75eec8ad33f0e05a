import type { Share, Transport, UpstreamInput, Visibility } from "@/api/schema";
import { asCredential, NOTHING, type Typed } from "@/pages/agents/credential";

/** An MCP server as it stands in the form. */
export type UpstreamDraft = {
  name: string;
  way: "url" | "command";
  url: string;
  transport: Transport;
  credential: Typed;
  command: string;
  arguments: string;
  environment: string;
  directory: string;
  description: string;
  tags: string[];
  share: Share;
  team: string;
  visibility: Visibility | "";
};
export const EMPTY: UpstreamDraft = {
  name: "",
  way: "url",
  url: "",
  transport: "auto",
  credential: NOTHING,
  command: "",
  arguments: "",
  environment: "",
  directory: "",
  description: "",
  tags: [],
  share: "auto",
  team: "",
  visibility: "",
};

export function bodyOf(draft: UpstreamDraft): UpstreamInput {
  const { name, description, tags, share } = draft;
  const shared = {
    name: name.trim() || suggestedName(draft),
    description,
    tags,
    share,
    team: draft.team || null,
    visibility: draft.visibility || null,
  };
  if (draft.way === "command") {
    const directory = draft.directory.trim();
    return {
      ...shared,
      transport: "stdio",
      command: draft.command.trim(),
      args: lines(draft.arguments),
      env: variables(draft.environment),
      ...(directory ? { cwd: directory } : {}),
    };
  }
  return {
    ...shared,
    transport: draft.transport,
    url: draft.url.trim(),
    credential: asCredential(draft.credential) ?? null,
  };
}

/** Lines as they are; empty ones are none. */
export function lines(text: string): string[] {
  return text.split("\n").filter((one) => one.trim() !== "");
}

/** `NAME=value` lines; what has no `=` has no value. */
export function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1)];
    }),
  );
}

/** The command as it will be run, for people: what has blanks stands in quotes. */
export function commandLine(command: string, args: string[]): string {
  return [command, ...args].map((one) => (/[\s"']/.test(one) ? JSON.stringify(one) : one)).join(" ");
}

/** A name for what has none yet: the host's first word, or what the command runs. */
export function suggestedName(draft: Pick<UpstreamDraft, "way" | "url" | "command" | "arguments">): string {
  const from = draft.way === "url" ? hostWord(draft.url) : programWord(draft);
  return (
    from
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, "-")
      .replace(/^-+|-+$/g, "") || "server"
  );
}

function hostWord(url: string): string {
  if (!URL.canParse(url)) return "";
  const labels = new URL(url).hostname.split(".").filter((one) => !["mcp", "www", "api"].includes(one));
  return labels[0] ?? "";
}

function programWord({ command, arguments: args }: Pick<UpstreamDraft, "command" | "arguments">): string {
  const words = [...lines(args)].filter((one) => !one.startsWith("-"));
  const named = words.find((one) => /[a-z]/i.test(one)) ?? command;
  return (named.split(/[/\\]/).pop() ?? "").replace(/@[\w.-]+$/, "").replace(/^(mcp-server-|server-)/, "");
}
