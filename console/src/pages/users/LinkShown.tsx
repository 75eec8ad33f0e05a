import { Button } from "@/components/Button";
import { Code } from "@/components/Code";
import { Overlay } from "@/components/Overlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export type MadeLink = { link: string; email: string | null };

/** A link that is shown this once, to be passed on. */
export function LinkShown({ made, onClose }: { made: MadeLink | null; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const done = (
    <Button kind="primary" onClick={onClose}>
      {common.done}
    </Button>
  );
  return (
    <Overlay open={made !== null} onClose={onClose} title={t.linkTitle} about={t.linkWords} footer={done}>
      {made && <Code text={made.link} title={made.email ?? t.anybody} wrap />}
    </Overlay>
  );
}
