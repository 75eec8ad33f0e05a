import { useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { CapabilityView } from "@/api/schema";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { useRemoval } from "@/components/Removal";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { type PromptDraft, PromptForm, promptDraft, promptText } from "./PromptForm";
import { ResourceForm } from "./ResourceForm";
import { type ResourceDraft, resourceDraft, resourceText } from "./resourceDraft";
import type { OwnShelf } from "./shelves";
import { OWN_PROMPTS, OWN_RESOURCES } from "./shelves";
import { ownTexts } from "./texts";

/** An own prompt, to be written anew: what is saved is a version. */
export function PromptEditing({ one }: { one: CapabilityView }) {
  const texts = useTexts(ownTexts);
  const save = useChange(
    (draft: PromptDraft) =>
      ask(api.PUT("/prompts/{id}", { params: { path: { id: one.id } }, body: promptText(draft) })),
    { quiet: true, done: texts.saved, affects: [["prompts"]] },
  );
  return (
    <div className="space-y-8">
      <PromptForm
        key={String(one.source?.version)}
        start={promptDraft(one)}
        busy={save.isPending}
        error={save.error}
        action={texts.saveVersion}
        save={(draft) => save.mutate(draft)}
      />
      <Deleting one={one} shelf={OWN_PROMPTS} />
    </div>
  );
}

export function ResourceEditing({ one }: { one: CapabilityView }) {
  const texts = useTexts(ownTexts);
  const formats = useFormats();
  const save = useChange(
    (draft: ResourceDraft) =>
      ask(
        api.PATCH("/resources/{id}", {
          params: { path: { id: one.id } },
          body: { ...resourceText(draft), name: draft.name },
        }),
      ),
    { quiet: true, done: texts.saved, affects: [["resources"]] },
  );
  return (
    <div className="space-y-8">
      <ResourceForm
        key={String(one.source?.version)}
        start={resourceDraft(one)}
        busy={save.isPending}
        error={save.error}
        action={texts.saveVersion}
        save={(draft) => save.mutate(draft)}
      >
        {one.source?.binary === true ? (
          <Note>{texts.resource.keepFile(formats.bytes(Number(one.source.size ?? 0)))}</Note>
        ) : undefined}
      </ResourceForm>
      <Deleting one={one} shelf={OWN_RESOURCES} />
    </div>
  );
}

function Deleting({ one, shelf }: { one: CapabilityView; shelf: OwnShelf }) {
  const texts = useTexts(ownTexts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const { remove } = useRemoval();
  const start = () => {
    const words = common.deleted(one.name);
    remove({ id: one.id, words, run: () => shelf.remove(one.id), affects: [[shelf.name], ["servers"]] });
    void navigate({ to: `/${shelf.name}` as never });
  };
  return (
    <div className="flex flex-wrap items-center gap-3 border-t border-line pt-4">
      <Button kind="danger" onClick={start}>
        <Trash2 aria-hidden />
        {texts.delete}
      </Button>
      <span className="text-xs text-muted">{texts.deleteAbout}</span>
    </div>
  );
}
