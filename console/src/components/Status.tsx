import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleX,
  KeyRound,
  type LucideIcon,
  Wrench,
} from "lucide-react";
import { cn } from "@/lib/cn";
import { catalog, useTexts } from "@/lib/i18n";

export type State = "unknown" | "ok" | "degraded" | "down" | "sign_in" | "maintenance" | "off";
const LOOKS: Record<State, [LucideIcon, string]> = {
  ok: [CircleCheck, "text-ok"],
  degraded: [CircleAlert, "text-warn"],
  down: [CircleX, "text-bad"],
  sign_in: [KeyRound, "text-warn"],
  maintenance: [Wrench, "text-muted"],
  unknown: [CircleDashed, "text-faint"],
  off: [CircleDashed, "text-faint"],
};
export const stateTexts = catalog(
  {
    ok: "Running",
    degraded: "Degraded",
    down: "Down",
    sign_in: "Sign-in needed",
    maintenance: "In maintenance",
    unknown: "Not looked at yet",
    off: "Switched off",
  },
  {
    ok: "정상",
    degraded: "불안정",
    down: "중단됨",
    sign_in: "로그인 필요",
    maintenance: "점검 중",
    unknown: "아직 확인 전",
    off: "꺼짐",
  },
);

/** How an upstream is: a sign and a word, so that nobody needs the colour. */
export function Status({ state, hideWord = false }: { state: State; hideWord?: boolean }) {
  const texts = useTexts(stateTexts);
  const [Sign, colour] = LOOKS[state] ?? LOOKS.unknown;
  return (
    <span className={cn("inline-flex items-center gap-1.5 text-sm whitespace-nowrap", colour)}>
      <Sign
        className="size-4 shrink-0"
        aria-hidden={!hideWord}
        role={hideWord ? "img" : undefined}
        aria-label={hideWord ? texts[state] : undefined}
      />
      {!hideWord && texts[state]}
    </span>
  );
}
