import { type ReactNode, useState } from "react";
import { ApiProblem } from "@/api/problem";
import type { CapabilityView } from "@/api/schema";
import { inWords } from "@/api/tell";
import { Button } from "@/components/Button";
import { Field, Input, Textarea } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { ArgumentsEditor } from "./ArgumentsEditor";
import {
  type ArgumentDraft,
  argumentDrafts,
  argumentOf,
  type MessageDraft,
  messageDrafts,
  messageOf,
  NEW_MESSAGE,
  text,
} from "./drafts";
import { MessagesEditor } from "./MessagesEditor";
import { Preview } from "./Preview";
import { ownTexts } from "./texts";

export type PromptDraft = {
  name: string;
  title: string;
  description: string;
  arguments: ArgumentDraft[];
  messages: MessageDraft[];
  note: string;
};
type Props = {
  start: PromptDraft;
  isNew?: boolean;
  busy: boolean;
  error: unknown;
  action: string;
  save: (draft: PromptDraft) => void;
  /** Below the words: who sees it, and the like. */
  children?: ReactNode;
};

export const NEW_PROMPT: PromptDraft = {
  name: "",
  title: "",
  description: "",
  arguments: [],
  messages: [NEW_MESSAGE],
  note: "",
};

export function promptDraft(one: CapabilityView): PromptDraft {
  return {
    name: one.name,
    title: text(one.source?.title),
    description: text(one.source?.description),
    arguments: argumentDrafts(one),
    messages: messageDrafts(one),
    note: "",
  };
}

/** What the API takes of it, besides its name. */
export function promptText(draft: PromptDraft) {
  return {
    title: draft.title || null,
    description: draft.description || null,
    arguments: draft.arguments.map(argumentOf),
    messages: draft.messages.map(messageOf),
    note: draft.note,
  };
}

/** Where a prompt is written, beside what agents would get. */
export function PromptForm({ start, isNew = false, busy, error, action, save, children }: Props) {
  const texts = useTexts(ownTexts);
  const common = useCommonTexts();
  const [draft, setDraft] = useState(start);
  const set = (part: Partial<PromptDraft>) => setDraft((before) => ({ ...before, ...part }));
  const wrong = (name: string) => (error instanceof ApiProblem ? error.field(name) : undefined);
  const changed = JSON.stringify(draft) !== JSON.stringify(start);
  const problem = error ? inWords(error, common) : null;
  const { arguments: parameters, messages } = promptText(draft);
  return (
    <form
      className="grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]"
      onSubmit={(event) => {
        event.preventDefault();
        save(draft);
      }}
    >
      <div className="min-w-0 space-y-4">
        <Section>
          <div className="space-y-4">
            {isNew && (
              <Field label={texts.name} help={texts.promptNameHelp} error={wrong("name")}>
                {(wiring) => (
                  <Input
                    {...wiring}
                    required
                    autoFocus
                    value={draft.name}
                    onChange={(event) => set({ name: event.target.value })}
                  />
                )}
              </Field>
            )}
            <Field label={texts.title} required={false} error={wrong("title")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  value={draft.title}
                  onChange={(event) => set({ title: event.target.value })}
                />
              )}
            </Field>
            <Field
              label={texts.description}
              required={false}
              help={texts.descriptionHelp}
              error={wrong("description")}
            >
              {(wiring) => (
                <Textarea
                  {...wiring}
                  value={draft.description}
                  onChange={(event) => set({ description: event.target.value })}
                />
              )}
            </Field>
          </div>
        </Section>
        <Section title={texts.arguments.title} about={texts.arguments.about}>
          <ArgumentsEditor values={draft.arguments} onChange={(values) => set({ arguments: values })} />
        </Section>
        <Section title={texts.messages.title} about={texts.messages.about}>
          <MessagesEditor values={draft.messages} onChange={(values) => set({ messages: values })} />
        </Section>
        {children && <Section>{children}</Section>}
        {!isNew && <NoteField value={draft.note} onChange={(note) => set({ note })} />}
        {problem && (
          <Note tone="bad" title={problem.title}>
            {problem.hint}
          </Note>
        )}
        <div className="flex flex-wrap items-center gap-3">
          <Button kind="primary" type="submit" busy={busy} disabled={!changed}>
            {action}
          </Button>
          {!changed && !isNew && <span className="text-xs text-muted">{texts.unchanged}</span>}
        </div>
      </div>
      <div className="min-w-0 lg:sticky lg:top-18">
        <Preview parameters={parameters} messages={messages} />
      </div>
    </form>
  );
}

export function NoteField({ value, onChange }: { value: string; onChange: (note: string) => void }) {
  const texts = useTexts(ownTexts);
  return (
    <Field label={texts.note} required={false} help={texts.noteHelp}>
      {(wiring) => <Input {...wiring} value={value} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}
