import {
  CircleAlert,
  CircleCheck,
  CircleMinus,
  CirclePlus,
  CircleX,
  KeyRound,
  type LucideIcon,
  PencilLine,
  ShieldX,
  Wrench,
} from "lucide-react";
import type { EventView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Code } from "@/components/Code";
import { Time } from "@/components/Time";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Subject, useKindWords } from "./Subject";
import { eventTexts } from "./texts";

const LOOKS: Record<string, [LucideIcon, string]> = {
  added: [CirclePlus, "text-muted"],
  changed: [PencilLine, "text-muted"],
  removed: [CircleMinus, "text-muted"],
  gone: [CircleMinus, "text-warn"],
  back: [CirclePlus, "text-ok"],
  down: [CircleX, "text-bad"],
  up: [CircleCheck, "text-ok"],
  degraded: [CircleAlert, "text-warn"],
  sign_in_needed: [KeyRound, "text-warn"],
  maintenance: [Wrench, "text-muted"],
  refused: [ShieldX, "text-warn"],
  lost: [CircleX, "text-bad"],
};

/** One event: what happened to what, when, and more of it behind a click. */
export function EventLine({ event }: { event: EventView }) {
  const t = useTexts(eventTexts);
  const { number } = useFormats();
  const words = useKindWords();
  const [family = "", what = ""] = event.kind.split(".");
  const [Sign, colour] = LOOKS[what] ?? [CircleAlert, "text-muted"];
  const hasMore = Object.keys(event.data).length > 0;
  return (
    <li className="flex gap-3 border-t border-line px-4 py-2.5 first:border-t-0">
      <Sign className={cn("mt-0.5 size-4 shrink-0", colour)} aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
          <span className={cn("font-medium", colour !== "text-muted" && colour)}>{words(event.kind)}</span>
          <Subject event={event} />
          <Badge>{t.subjects[family as keyof typeof t.subjects] ?? family}</Badge>
          {event.count > 1 && <Badge tone="warn">{t.times(number(event.count))}</Badge>}
          <Time at={event.at} className="ml-auto text-xs text-muted" />
        </p>
        <p className="mt-0.5 break-words text-muted">{event.message}</p>
        {hasMore && (
          <details className="mt-0.5">
            <summary className="inline-flex h-6 cursor-pointer items-center text-xs text-faint hover:text-ink">
              {t.more}
            </summary>
            <Code text={JSON.stringify(event.data, null, 2)} json title={event.kind} className="mt-1" />
          </details>
        )}
      </div>
    </li>
  );
}
