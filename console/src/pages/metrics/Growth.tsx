import { ArrowDown, ArrowUp } from "lucide-react";
import { Hint } from "@/components/Hint";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { growth } from "./range";
import { metricTexts } from "./texts";

type Props = {
  now: number | null;
  then: number | null | undefined;
  write: (value: number) => string;
  /** Whether more of it is worse: then more is told in the colour of warnings. */
  worse?: boolean;
};

/** By how much a figure grew since the time before: a sign, a share, and what it was under the pointer. */
export function Growth({ now, then, write, worse = false }: Props) {
  const t = useTexts(metricTexts);
  const { percent } = useFormats();
  const share = growth(now, then);
  if (share === undefined || typeof then !== "number") return null;
  const Sign = share < 0 ? ArrowDown : ArrowUp;
  const size = percent(Math.abs(share));
  const words = Math.abs(share) < 0.0005 ? t.same : share < 0 ? t.less(size) : t.more(size);
  return (
    <Hint text={`${t.before}: ${write(then)}`}>
      <span
        className={cn("inline-flex items-center gap-0.5", worse && share > 0.05 && "text-warn")}
        aria-label={words}
        role="img"
      >
        {Math.abs(share) >= 0.0005 && <Sign className="size-3" aria-hidden />}
        {size}
      </span>
    </Hint>
  );
}
