import { Pause, Play, Radio } from "lucide-react";
import { Button } from "@/components/Button";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "./texts";

type FollowProps = { on: boolean; paused: boolean; toggle: () => void; setPaused: (paused: boolean) => void };

/** The buttons that follow a stream and hold it. */
export function Follow({ on, paused, toggle, setPaused }: FollowProps) {
  const t = useTexts(callTexts);
  const Sign = paused ? Play : Pause;
  return (
    <>
      {on && (
        <Button onClick={() => setPaused(!paused)}>
          <Sign aria-hidden />
          {paused ? t.resume : t.pause}
        </Button>
      )}
      <Button aria-pressed={on} className={on ? "border-accent text-accent" : undefined} onClick={toggle}>
        <Radio aria-hidden />
        {t.follow}
      </Button>
    </>
  );
}
