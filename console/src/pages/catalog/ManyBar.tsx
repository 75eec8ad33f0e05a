import { useQueryClient } from "@tanstack/react-query";
import { Power, PowerOff, Tag, X } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { inTurns } from "./inTurns";
import type { Shelf } from "./shelves";
import { TagsOverlay } from "./TagsOverlay";
import { catalogTexts } from "./texts";

type Props = { shelf: Shelf; chosen: ReadonlySet<string>; clear: () => void };

/** What can be done with all that are selected. It stays in sight while one scrolls. */
export function ManyBar({ shelf, chosen, clear }: Props) {
  const texts = useTexts(catalogTexts).many;
  const [tagging, setTagging] = useState(false);
  const { flip, flipping, done } = useSwitching(shelf);
  if (chosen.size === 0) return null;
  const ids = [...chosen];
  return (
    <div
      role="group"
      aria-label={texts.selected(chosen.size)}
      className="sticky top-14 z-20 mb-3 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-surface px-3 py-2 shadow-float"
    >
      <span className="tabular mr-1 text-sm font-medium" role="status">
        {flipping ? texts.busy(done, chosen.size) : texts.selected(chosen.size)}
      </span>
      <Button onClick={() => setTagging(true)}>
        <Tag aria-hidden />
        {texts.tag}
      </Button>
      <Button disabled={flipping} onClick={() => flip({ ids, enabled: true })}>
        <Power aria-hidden />
        {texts.on}
      </Button>
      <Button disabled={flipping} onClick={() => flip({ ids, enabled: false })}>
        <PowerOff aria-hidden />
        {texts.off}
      </Button>
      <Button kind="quiet" onClick={clear} className="ml-auto">
        <X aria-hidden />
        {texts.clear}
      </Button>
      {tagging && <TagsOverlay shelf={shelf} ids={ids} onClose={() => setTagging(false)} />}
    </div>
  );
}

type Flip = { ids: string[]; enabled: boolean; again?: true };

/** Switches many on or off, and offers to switch those back that it changed. */
export function useSwitching(shelf: Shelf) {
  const texts = useTexts(catalogTexts).many;
  const common = useCommonTexts();
  const client = useQueryClient();
  const [done, setDone] = useState(0);
  const change = useChange(
    async ({ ids, enabled }: Flip) => {
      setDone(0);
      const changed: string[] = [];
      const flipOne = async (id: string) => {
        const before = await shelf.get(id);
        if (before.enabled === enabled) return;
        await shelf.change(id, { enabled });
        changed.push(id);
      };
      try {
        await inTurns(ids, flipOne, setDone);
      } finally {
        // Where one is refused half way, the list shows what was done until then.
        void client.invalidateQueries({ queryKey: [shelf.name] });
      }
      return changed;
    },
    {
      affects: [["servers"]],
      onDone: (changed, { enabled, again }) => {
        const words = enabled ? texts.switchedOn(changed.length) : texts.switchedOff(changed.length);
        const undo = () => change.mutate({ ids: changed, enabled: !enabled, again: true });
        const offers = changed.length > 0 && !again;
        toast.success(words, offers ? { action: { label: common.undo, onClick: undo }, duration: 8000 } : {});
      },
    },
  );
  return { flip: change.mutate, flipping: change.isPending, done };
}
