import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "sonner";
import { useChange } from "@/api/queries";
import { useRemoval } from "@/components/Removal";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { inTurns } from "../catalog/inTurns";
import type { Kind } from "./kinds";
import { unusedTexts } from "./texts";
import type { Row } from "./useUnused";

type Flip = { ids: string[]; enabled: boolean };

/** Switches many off, takes many away: both with a way back, but for tokens, which are revoked for good. */
export function useEnding(kind: Kind, clear: () => void) {
  const texts = useTexts(unusedTexts);
  const common = useCommonTexts();
  const formats = useFormats();
  const client = useQueryClient();
  const removal = useRemoval();
  const [done, setDone] = useState(0);
  const affects = [[kind.resource], ["servers"]];
  // Where one is refused half way, the list shows what was done until then.
  const again = () => void client.invalidateQueries({ queryKey: [kind.resource] });
  const flip = useChange(
    async ({ ids, enabled }: Flip) => {
      setDone(0);
      await inTurns(ids, async (id) => kind.switch?.(id, enabled), setDone).finally(again);
    },
    {
      affects,
      onDone: (_, { ids, enabled }) => {
        clear();
        if (enabled) return toast.success(texts.onDone(ids.length));
        const undo = () => flip.mutate({ ids, enabled: true });
        toast.success(texts.offDone(ids.length), {
          action: { label: common.undo, onClick: undo },
          duration: 8000,
        });
      },
    },
  );
  const revoke = useChange(
    async (ids: string[]) => {
      setDone(0);
      await inTurns(ids, async (id) => kind.remove?.(id), setDone).finally(again);
    },
    { affects, done: (_, ids) => texts.revoked(ids.length), onDone: clear },
  );
  const remove = (rows: Row[]) => {
    const [first, ...others] = rows;
    if (!first) return;
    removal.remove({
      id: first.id,
      also: others.map((one) => one.id),
      words: texts.removed(
        formats.list(rows.map((one) => one.name).slice(0, 3)) + (rows.length > 3 ? " …" : ""),
      ),
      run: () => inTurns(rows, async (one) => kind.remove?.(one.id)),
      affects: [...affects, ["tools"], ["prompts"], ["resources"]],
    });
    clear();
  };
  return { flip, revoke, remove, done, busy: flip.isPending || revoke.isPending };
}
