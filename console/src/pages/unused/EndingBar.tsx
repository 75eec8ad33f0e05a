import { PowerOff, Trash2, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Overlay";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import type { Kind } from "./kinds";
import { unusedTexts } from "./texts";
import { useEnding } from "./useEnding";
import type { Row } from "./useUnused";

/** What can be done with those that are selected, and what that saves. */
export function EndingBar({ kind, rows, clear }: { kind: Kind; rows: Row[]; clear: () => void }) {
  const texts = useTexts(unusedTexts);
  const formats = useFormats();
  const [asking, setAsking] = useState(false);
  const { flip, revoke, remove, done, busy } = useEnding(kind, clear);
  if (rows.length === 0) return null;
  const on = rows.filter((one) => one.enabled !== false);
  const tokens = on.reduce((sum, one) => sum + (one.tokens ?? 0), 0);
  const said = kind.shelf
    ? texts.selected(rows.length, formats.count(tokens))
    : texts.selectedPlain(rows.length);
  const ids = rows.map((one) => one.id);
  return (
    <div
      role="group"
      aria-label={said}
      className="sticky top-14 z-20 mb-3 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-surface px-3 py-2 shadow-float"
    >
      <span className="tabular mr-1 text-sm font-medium" role="status">
        {busy ? texts.busy(done, rows.length) : said}
      </span>
      {kind.switch && (
        <Button
          disabled={busy || on.length === 0}
          onClick={() => flip.mutate({ ids: on.map((one) => one.id), enabled: false })}
        >
          <PowerOff aria-hidden />
          {texts.off}
        </Button>
      )}
      {kind.remove && (
        <Button kind="danger" disabled={busy} onClick={() => (kind.forGood ? setAsking(true) : remove(rows))}>
          <Trash2 aria-hidden />
          {kind.forGood ? texts.revoke : texts.remove}
        </Button>
      )}
      <Button kind="quiet" onClick={clear} className="ml-auto">
        <X aria-hidden />
        {texts.clear}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={texts.revokeTitle(rows.length)}
        action={texts.revoke}
        busy={busy}
        onConfirm={() => revoke.mutate(ids, { onSettled: () => setAsking(false) })}
      >
        {texts.revokeAbout}
      </Confirm>
    </div>
  );
}
