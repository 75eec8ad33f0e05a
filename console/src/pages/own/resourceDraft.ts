import type { CapabilityView } from "@/api/schema";
import { variablesOf } from "../catalog/playground/uriTemplate";
import { type ArgumentDraft, argumentDrafts, argumentOf, NEW_ARGUMENT, text } from "./drafts";

export type ResourceDraft = {
  kind: "resource" | "template";
  name: string;
  uri: string;
  title: string;
  description: string;
  mimeType: string;
  content: "text" | "file";
  text: string;
  /** Base64 of a file; empty: the one that is there stays. */
  data: string;
  arguments: ArgumentDraft[];
  note: string;
};

export const NEW_RESOURCE: ResourceDraft = {
  kind: "resource",
  name: "",
  uri: "",
  title: "",
  description: "",
  mimeType: "",
  content: "text",
  text: "",
  data: "",
  arguments: [],
  note: "",
};

export function resourceDraft(one: CapabilityView): ResourceDraft {
  const source = one.source ?? {};
  return {
    ...NEW_RESOURCE,
    kind: one.kind === "resource_template" ? "template" : "resource",
    name: text(source.name),
    uri: one.name,
    title: text(source.title),
    description: text(source.description),
    mimeType: text(source.mime_type),
    content: source.binary === true ? "file" : "text",
    text: text(source.text),
    arguments: argumentDrafts(one),
  };
}

/** The variables of a template are those of its address; what was said of them stays. */
export function withVariables(draft: ResourceDraft): ResourceDraft {
  if (draft.kind !== "template") return draft;
  const known = variablesOf(draft.uri).map(
    (name) => draft.arguments.find((one) => one.name === name) ?? { ...NEW_ARGUMENT, name },
  );
  return { ...draft, arguments: known };
}

/** What the API takes of it. A file that is not chosen anew is left out, and stays. */
export function resourceText(draft: ResourceDraft) {
  const isFile = draft.kind === "resource" && draft.content === "file";
  const content = isFile ? (draft.data ? { blob: draft.data } : {}) : { text: draft.text };
  const { kind } = draft;
  return {
    title: draft.title || null,
    description: draft.description || null,
    mime_type: draft.mimeType || null,
    ...content,
    ...(kind === "template"
      ? { arguments: draft.arguments.map((one) => ({ ...argumentOf(one), required: false })) }
      : {}),
    note: draft.note,
  };
}
