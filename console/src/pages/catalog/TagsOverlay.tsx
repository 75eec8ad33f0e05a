import { useState } from "react";
import { toast } from "sonner";
import { useChange } from "@/api/queries";
import { inWords } from "@/api/tell";
import { Button } from "@/components/Button";
import { Field } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Overlay } from "@/components/Overlay";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useTags } from "./Facets";
import { parts } from "./inTurns";
import type { Shelf } from "./shelves";
import { catalogTexts } from "./texts";

const MOST = 500;

/** Puts tags on many, and takes tags off them; others stay as they are. */
export function TagsOverlay({ shelf, ids, onClose }: { shelf: Shelf; ids: string[]; onClose: () => void }) {
  const texts = useTexts(catalogTexts).tagging;
  const common = useCommonTexts();
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const tags = useTags();
  const known = (tags.data?.items ?? []).map((one) => one.tag);
  const change = useChange(
    async () => {
      let changed = 0;
      for (const some of parts(ids, MOST)) changed += (await shelf.tag({ ids: some, add, remove })).changed;
      return changed;
    },
    {
      affects: [[shelf.name], ["tags"]],
      quiet: true,
      onDone: (changed) => {
        toast.success(changed ? texts.done(changed) : texts.nothing);
        onClose();
      },
    },
  );
  const footer = (
    <>
      <Button onClick={onClose}>{common.cancel}</Button>
      <Button
        kind="primary"
        busy={change.isPending}
        disabled={!add.length && !remove.length}
        onClick={() => change.mutate()}
      >
        {texts.apply}
      </Button>
    </>
  );
  return (
    <Overlay open onClose={onClose} title={texts.title(ids.length)} about={texts.about} footer={footer}>
      <div className="space-y-4">
        {change.error && <Note tone="bad">{inWords(change.error, common).title}</Note>}
        <Field label={texts.add}>
          {(wiring) => (
            <TagInput id={wiring.id} values={add} onChange={setAdd} placeholder={texts.placeholder} />
          )}
        </Field>
        <Field label={texts.remove}>
          {(wiring) => (
            <TagInput id={wiring.id} values={remove} onChange={setRemove} placeholder={texts.placeholder} />
          )}
        </Field>
        {known.length > 0 && (
          <div className="space-y-1.5">
            <p className="text-xs font-medium text-muted">{texts.known}</p>
            <div className="flex max-h-32 flex-wrap gap-1.5 overflow-y-auto">
              {known.map((tag) => (
                <Button
                  key={tag}
                  size="small"
                  disabled={add.includes(tag)}
                  onClick={() => setAdd([...add, tag])}
                >
                  {tag}
                </Button>
              ))}
            </div>
          </div>
        )}
      </div>
    </Overlay>
  );
}
