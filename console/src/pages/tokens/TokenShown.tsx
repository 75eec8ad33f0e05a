import { absolute } from "@/api/root";
import type { TokenMade } from "@/api/schema";
import { Button } from "@/components/Button";
import { Code } from "@/components/Code";
import { Overlay } from "@/components/Overlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** A new token, in the clear, this once. */
export function TokenShown({ made, onClose }: { made: TokenMade | null; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const done = (
    <Button kind="primary" onClick={onClose}>
      {common.done}
    </Button>
  );
  return (
    <Overlay open={made !== null} onClose={onClose} title={t.shownTitle} about={t.shownWords} footer={done}>
      {made && (
        <div className="space-y-3">
          <Code text={made.token} title={made.name} wrap />
          <Code text={command(made)} title={t.useIt} wrap />
        </div>
      )}
    </Overlay>
  );
}

/** The token is given by the environment, so that no list of processes shows it. */
function command(made: TokenMade): string {
  const variables = `GATEHOUSE_URL=${absolute("").replace(/\/$/, "")} GATEHOUSE_TOKEN=${made.token}`;
  return `${variables} gatehouse whoami`;
}
