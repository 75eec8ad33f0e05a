import { type ReactNode, useState } from "react";
import { ApiProblem } from "@/api/problem";
import { inWords } from "@/api/tell";
import { Button } from "@/components/Button";
import { Field, Input, Textarea } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { ArgumentsEditor } from "./ArgumentsEditor";
import { Contents } from "./Contents";
import { argumentOf } from "./drafts";
import { Preview } from "./Preview";
import { NoteField } from "./PromptForm";
import { type ResourceDraft, withVariables } from "./resourceDraft";
import { ownTexts } from "./texts";

type Props = {
  start: ResourceDraft;
  busy: boolean;
  error: unknown;
  action: string;
  save: (draft: ResourceDraft) => void;
  /** Above the words, while it is new: what it is to be. */
  choice?: (draft: ResourceDraft, set: (part: Partial<ResourceDraft>) => void) => ReactNode;
  children?: ReactNode;
};

/** Where a resource or a template is written; a template beside what agents would read. */
export function ResourceForm({ start, busy, error, action, save, choice, children }: Props) {
  const texts = useTexts(ownTexts);
  const common = useCommonTexts();
  const [draft, setDraft] = useState(start);
  const set = (part: Partial<ResourceDraft>) => setDraft((before) => withVariables({ ...before, ...part }));
  const wrong = (name: string) => (error instanceof ApiProblem ? error.field(name) : undefined);
  const changed = JSON.stringify(draft) !== JSON.stringify(start);
  const problem = error ? inWords(error, common) : null;
  const isTemplate = draft.kind === "template";
  const parts = { draft, set, wrong };
  return (
    <form
      className={
        isTemplate ? "grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]" : "max-w-4xl"
      }
      onSubmit={(event) => {
        event.preventDefault();
        save(draft);
      }}
    >
      <div className="min-w-0 space-y-4">
        <Section>
          <div className="space-y-4">
            {choice?.(draft, set)}
            <Words {...parts} />
          </div>
        </Section>
        {isTemplate && draft.arguments.length > 0 && (
          <Section title={texts.arguments.variables} about={texts.arguments.aboutVariables}>
            <ArgumentsEditor
              named
              values={draft.arguments}
              onChange={(values) => set({ arguments: values })}
            />
          </Section>
        )}
        <Section title={texts.resource.content} about={isTemplate ? texts.messages.about : undefined}>
          <Contents {...parts} />
        </Section>
        {children && <Section>{children}</Section>}
        {!choice && <NoteField value={draft.note} onChange={(note) => set({ note })} />}
        {problem && (
          <Note tone="bad" title={problem.title}>
            {problem.hint}
          </Note>
        )}
        <div className="flex flex-wrap items-center gap-3">
          <Button kind="primary" type="submit" busy={busy} disabled={!changed}>
            {action}
          </Button>
          {!changed && !choice && <span className="text-xs text-muted">{texts.unchanged}</span>}
        </div>
      </div>
      {isTemplate && (
        <div className="min-w-0 lg:sticky lg:top-18">
          <Preview
            plain
            parameters={draft.arguments.map((one) => ({ ...argumentOf(one), required: true }))}
            messages={[{ role: "user", content: { type: "text", text: draft.text } }]}
          />
        </div>
      )}
    </form>
  );
}

export type PartProps = {
  draft: ResourceDraft;
  set: (part: Partial<ResourceDraft>) => void;
  wrong: (name: string) => string | undefined;
};

function Words({ draft, set, wrong }: PartProps) {
  const texts = useTexts(ownTexts);
  return (
    <>
      <Field label={texts.name} help={texts.resourceNameHelp} error={wrong("name")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            value={draft.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={texts.title} required={false} error={wrong("title")}>
          {(wiring) => (
            <Input {...wiring} value={draft.title} onChange={(event) => set({ title: event.target.value })} />
          )}
        </Field>
        <Field
          label={texts.resource.mimeType}
          required={false}
          help={texts.resource.mimeTypeHelp}
          error={wrong("mime_type")}
        >
          {(wiring) => (
            <Input
              {...wiring}
              value={draft.mimeType}
              onChange={(event) => set({ mimeType: event.target.value })}
            />
          )}
        </Field>
      </div>
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
    </>
  );
}
