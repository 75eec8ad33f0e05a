import type { Argument, CapabilityView, Message } from "@/api/schema";
import { isFields } from "@/mcp/wire";

export type ArgumentType = NonNullable<Argument["type"]>;
/** An argument as it is being written; `default` is a text until it is sent. */
export type ArgumentDraft = {
  name: string;
  description: string;
  required: boolean;
  type: ArgumentType;
  choices: string[];
  default: string;
};
export type MessageDraft = {
  role: "user" | "assistant";
  kind: "text" | "image" | "audio" | "resource";
  text: string;
  /** Base64 of a file. */
  data: string;
  mimeType: string;
  uri: string;
};

export const NEW_MESSAGE: MessageDraft = {
  role: "user",
  kind: "text",
  text: "",
  data: "",
  mimeType: "",
  uri: "",
};
export const NEW_ARGUMENT: ArgumentDraft = {
  name: "",
  description: "",
  required: true,
  type: "string",
  choices: [],
  default: "",
};

export function argumentOf(draft: ArgumentDraft): Argument {
  return {
    name: draft.name.trim(),
    title: null,
    description: draft.description.trim() || null,
    required: draft.required,
    type: draft.type,
    choices: draft.type === "enum" ? draft.choices : [],
    default: draft.default === "" ? null : scalar(draft),
  };
}

function scalar({ type, default: text }: ArgumentDraft): string | number | boolean {
  if (type === "boolean") return text === "true";
  const isNumber = (type === "integer" || type === "number") && Number.isFinite(Number(text));
  return isNumber ? Number(text) : text;
}

export function messageOf(draft: MessageDraft): Message {
  const { role, kind, text, data, mimeType, uri } = draft;
  if (kind === "text") return { role, content: { type: "text", text } };
  if (kind === "resource") {
    return { role, content: { type: "resource", resource: { uri, mimeType: mimeType || null, text } } };
  }
  return { role, content: { type: kind, data, mimeType } };
}

export function argumentDrafts(one: CapabilityView): ArgumentDraft[] {
  const known = Array.isArray(one.source?.arguments) ? one.source.arguments.filter(isFields) : [];
  return known.map((each) => ({
    name: text(each.name),
    description: text(each.description),
    required: each.required === true,
    type: (text(each.type) || "string") as ArgumentType,
    choices: Array.isArray(each.choices) ? each.choices.map(String) : [],
    default: each.default === undefined || each.default === null ? "" : String(each.default),
  }));
}

export function messageDrafts(one: CapabilityView): MessageDraft[] {
  const known = Array.isArray(one.source?.messages) ? one.source.messages.filter(isFields) : [];
  return known.map(({ role, content }) => {
    const draft = { ...NEW_MESSAGE, role: role === "assistant" ? ("assistant" as const) : ("user" as const) };
    if (!isFields(content)) return { ...draft, text: text(content) };
    if (content.type === "text") return { ...draft, text: text(content.text) };
    if (content.type === "resource" && isFields(content.resource)) {
      const { uri, mimeType, text: said } = content.resource;
      return {
        ...draft,
        kind: "resource" as const,
        uri: text(uri),
        mimeType: text(mimeType),
        text: text(said),
      };
    }
    const kind = content.type === "audio" ? ("audio" as const) : ("image" as const);
    return { ...draft, kind, data: text(content.data), mimeType: text(content.mimeType) };
  });
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
