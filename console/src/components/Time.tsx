import { useEffect, useState } from "react";
import { useFormats } from "@/lib/format";
import { Hint } from "./Hint";

const TICK = 15_000;

/** A moment as "3 min ago", with the exact one on hover and focus; `fallback` where there is none. */
export function Time({
  at,
  fallback = "–",
  className,
}: {
  at: string | null | undefined;
  fallback?: string;
  className?: string;
}) {
  const formats = useFormats();
  const now = useNow();
  if (!at) return <span className="text-faint">{fallback}</span>;
  return (
    <Hint text={formats.exact(at)}>
      <time dateTime={at} className={className}>
        {formats.relative(at, now)}
      </time>
    </Hint>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK);
    return () => clearInterval(timer);
  }, []);
  return now;
}
