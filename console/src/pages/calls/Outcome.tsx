import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleSlash,
  CircleX,
  Hourglass,
  type LucideIcon,
} from "lucide-react";
import type { CallView } from "@/api/schema";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "./texts";

export type OutcomeName = CallView["outcome"];
const LOOKS: Record<OutcomeName, [LucideIcon, string]> = {
  ok: [CircleCheck, "text-ok"],
  tool_error: [CircleX, "text-bad"],
  protocol_error: [CircleAlert, "text-bad"],
  refused: [Ban, "text-warn"],
  cancelled: [CircleSlash, "text-muted"],
  timed_out: [Hourglass, "text-bad"],
};
export const OUTCOMES = Object.keys(LOOKS) as OutcomeName[];

/** How a call ended: a sign and words. `hideWord`: the sign alone, where there is no room. */
export function Outcome({ outcome, hideWord = false }: { outcome: OutcomeName; hideWord?: boolean }) {
  const t = useTexts(callTexts);
  const [Sign, colour] = LOOKS[outcome];
  return (
    <span className={cn("inline-flex items-center gap-1.5 whitespace-nowrap", colour)}>
      <Sign
        className="size-4 shrink-0"
        aria-hidden={!hideWord}
        role={hideWord ? "img" : undefined}
        aria-label={hideWord ? t.outcomes[outcome] : undefined}
      />
      {!hideWord && <span className="truncate">{t.outcomes[outcome]}</span>}
    </span>
  );
}
