import { absolute } from "@/api/root";
import type { CapabilityView } from "@/api/schema";
import { type Fields, isFields } from "@/mcp/wire";
import { expand, variablesOf } from "./uriTemplate";

export type Target = { kind: "server"; ref: string } | { kind: "everything" };
/** What the playground needs to know of a tool, prompt, resource or template. */
export type Tried = Pick<CapabilityView, "id" | "kind" | "name" | "definition"> & {
  upstream: { id: string; name: string };
};
export type Argument = { name: string; title: string; description: string; required: boolean };
/** One request, ready to be sent. `schema`: of a tool's input. */
export type Wanted = { method: string; params: Fields; schema?: unknown };

export function urlOf(target: Target): string {
  return absolute(target.kind === "everything" ? "mcp" : `servers/${encodeURIComponent(target.ref)}/mcp`);
}

/** The schema of a tool's arguments. */
export function inputSchema(tried: Tried): unknown {
  return tried.definition.inputSchema ?? { type: "object" };
}

/** What a prompt, or the uri of a template, is filled in with. */
export function argumentsOf(tried: Tried): Argument[] {
  if (tried.kind === "resource_template") {
    return variablesOf(String(tried.definition.uriTemplate ?? tried.name)).map((name) => ({
      name,
      title: "",
      description: "",
      required: true,
    }));
  }
  const known = Array.isArray(tried.definition.arguments) ? tried.definition.arguments : [];
  return known.filter(isFields).map((one) => ({
    name: String(one.name),
    title: typeof one.title === "string" ? one.title : "",
    description: typeof one.description === "string" ? one.description : "",
    required: one.required === true,
  }));
}

/** `name`: as it is called at the target. */
export function wantedOf(tried: Tried, name: string, values: Fields): Wanted {
  if (tried.kind === "tool") {
    return { method: "tools/call", params: { name, arguments: values }, schema: inputSchema(tried) };
  }
  if (tried.kind === "prompt") return { method: "prompts/get", params: { name, arguments: texts(values) } };
  const uri = tried.kind === "resource" ? name : expand(name, texts(values));
  return { method: "resources/read", params: { uri } };
}

/** Arguments of prompts are texts, and those left empty are not given. */
function texts(values: Fields): Record<string, string> {
  const pairs = Object.entries(values).filter(([, value]) => typeof value === "string" && value !== "");
  return Object.fromEntries(pairs) as Record<string, string>;
}
