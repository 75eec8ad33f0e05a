import { Button } from "@/components/Button";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "./texts";
import type { LiveState } from "./useLive";

type Props = {
  state: LiveState;
  paused: boolean;
  waiting: number;
  take: () => void;
  words?: "calls" | "events";
};

/** Says how the live tail is; readers hear of a pause, and not of each call. */
export function FollowBar({ state, paused, waiting, take, words = "calls" }: Props) {
  const t = useTexts(callTexts);
  const broken = state === "broken";
  return (
    <div className="mb-3 flex min-h-8 flex-wrap items-center gap-2 text-sm text-muted">
      <span
        aria-hidden
        className={cn(
          "size-2 rounded-full",
          broken ? "bg-warn" : paused ? "bg-line-strong" : "animate-pulse bg-ok",
        )}
      />
      <span role="status">{broken ? t.broken : paused ? t.paused[words](waiting) : t.following[words]}</span>
      {paused && waiting > 0 && (
        <Button size="small" onClick={take}>
          {t.show}
        </Button>
      )}
    </div>
  );
}
