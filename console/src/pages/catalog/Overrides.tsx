import { type ReactNode, useState } from "react";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import type { CapabilityChange, CapabilityView } from "@/api/schema";
import { inWords } from "@/api/tell";
import { Button } from "@/components/Button";
import { Diff } from "@/components/Diff";
import { Field, Input, Switch, Textarea } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { Annotating, type Annotations } from "./Annotating";
import { detailTexts } from "./detailTexts";
import type { Shelf } from "./shelves";

type Said = {
  title: string;
  description: string;
  annotations: Annotations;
  tags: string[];
  enabled: boolean;
};

/** What is said of it here in place of the MCP server's words, with those beside. */
export function Overrides({ one, shelf }: { one: CapabilityView; shelf: Shelf }) {
  const { overrides: texts, tabs } = useTexts(detailTexts);
  const common = useCommonTexts();
  const [said, setSaid] = useState<Said>(() => saidOf(one));
  const set = (part: Partial<Said>) => setSaid((before) => ({ ...before, ...part }));
  const body = changesOf(said, one);
  const changed = Object.keys(body).length > 0;
  const save = useChange((change: CapabilityChange) => shelf.change(one.id, change), {
    done: texts.saved,
    affects: [[shelf.name], ["tags"], ["servers"]],
    quiet: true,
    onDone: (now) => setSaid(saidOf(now)),
  });
  const wrong = (name: string) => (save.error instanceof ApiProblem ? save.error.field(name) : undefined);
  return (
    <Section about={one.own ? undefined : texts.about} title={one.own ? tabs.settings : tabs.overrides}>
      <form
        className="max-w-3xl space-y-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (changed && said.annotations.whole) save.mutate(body);
        }}
      >
        {!one.own && <Words one={one} said={said} set={set} wrong={wrong} />}
        {!one.own && (
          <Annotating one={one} value={said.annotations} onChange={(annotations) => set({ annotations })} />
        )}
        <Field label={common.tags} error={wrong("tags")}>
          {(wiring) => (
            <TagInput
              id={wiring.id}
              values={said.tags}
              onChange={(tags) => set({ tags })}
              placeholder={texts.tagsPlaceholder}
            />
          )}
        </Field>
        <Switch checked={said.enabled} onChange={(enabled) => set({ enabled })} label={texts.enabled} />
        {save.error && <Note tone="bad">{inWords(save.error, common).title}</Note>}
        <div className="flex flex-wrap items-center gap-3">
          <Button
            kind="primary"
            type="submit"
            busy={save.isPending}
            disabled={!changed || !said.annotations.whole}
          >
            {common.save}
          </Button>
          {!changed && <span className="text-xs text-muted">{texts.unchanged}</span>}
        </div>
      </form>
    </Section>
  );
}

type WordsProps = {
  one: CapabilityView;
  said: Said;
  set: (part: Partial<Said>) => void;
  wrong: (name: string) => string | undefined;
};

function Words({ one, said, set, wrong }: WordsProps) {
  const texts = useTexts(detailTexts).overrides;
  const original = originalOf(one);
  return (
    <>
      <Field
        label={texts.title}
        required={false}
        error={wrong("title")}
        help={<Original text={original.title} back={said.title ? () => set({ title: "" }) : undefined} />}
      >
        {(wiring) => (
          <Input {...wiring} value={said.title} onChange={(event) => set({ title: event.target.value })} />
        )}
      </Field>
      <Field
        label={texts.description}
        required={false}
        error={wrong("description")}
        help={
          <Original
            text={original.description}
            back={said.description ? () => set({ description: "" }) : undefined}
          />
        }
      >
        {(wiring) => (
          <Textarea
            {...wiring}
            className="field-sizing-content max-h-96 min-h-28"
            value={said.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      {said.description && said.description !== original.description && (
        <Diff label={texts.diff} before={original.description} after={said.description} />
      )}
    </>
  );
}

function Original({ text, back }: { text: string; back?: () => void }): ReactNode {
  const texts = useTexts(detailTexts).overrides;
  return (
    <span className="flex flex-wrap items-center justify-between gap-x-3">
      <span className="line-clamp-3 min-w-0 flex-1 basis-60 break-words">
        {text ? texts.original(text.slice(0, 1000)) : texts.noOriginal}
      </span>
      {back && (
        <button type="button" onClick={back} className="h-6 shrink-0 text-accent hover:underline">
          {texts.back}
        </button>
      )}
    </span>
  );
}

export function originalOf(one: CapabilityView): { title: string; description: string } {
  const { title, description } = one.definition;
  return {
    title: typeof title === "string" ? title : "",
    description: typeof description === "string" ? description : "",
  };
}

function saidOf(one: CapabilityView): Said {
  const { title, description, annotations } = one.overrides;
  return {
    title: title ?? "",
    description: description ?? "",
    annotations: { value: annotations ?? {}, whole: true },
    tags: one.tags,
    enabled: one.enabled,
  };
}

/** Only what is other than before; nothing said stands for null, which goes back to the original. */
function changesOf(said: Said, one: CapabilityView): CapabilityChange {
  const before = saidOf(one);
  const body: CapabilityChange = {};
  if (said.title !== before.title) body.title = said.title || null;
  if (said.description !== before.description) body.description = said.description || null;
  const annotations = said.annotations.value;
  if (JSON.stringify(annotations) !== JSON.stringify(before.annotations.value)) {
    body.annotations = Object.keys(annotations).length ? annotations : null;
  }
  if (said.tags.join("\n") !== before.tags.join("\n")) body.tags = said.tags;
  if (said.enabled !== before.enabled) body.enabled = said.enabled;
  return body;
}
