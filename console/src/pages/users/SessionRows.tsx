import { Monitor, Smartphone } from "lucide-react";
import type { SessionView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function SessionRows({ sessions, onEnd }: { sessions: SessionView[]; onEnd: (id: string) => void }) {
  const t = useTexts(texts);
  if (!sessions.length) return <p className="text-muted">{t.noSessions}</p>;
  return (
    <ul className="divide-y divide-line">
      {[...sessions].sort(newestFirst).map((one) => {
        const agent = one.agent ?? "";
        const Sign = /mobile|android|iphone/i.test(agent) ? Smartphone : Monitor;
        return (
          <li key={one.id} className="flex items-center gap-3 py-2.5 first:pt-0 last:pb-0">
            <Sign className="size-4 shrink-0 text-muted" aria-hidden />
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2">
                <span className="truncate">{browserOf(agent)}</span>
                {one.current && <Badge tone="accent">{t.thisOne}</Badge>}
              </p>
              <p className="truncate text-xs text-muted">
                {[one.method, one.address].filter(Boolean).join(" · ")} · <Time at={one.seen_at} />
              </p>
            </div>
            {!one.current && (
              <Button kind="quiet" size="small" onClick={() => onEnd(one.id)}>
                {t.end}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** The one that looks stands before the others. */
function newestFirst(a: SessionView, b: SessionView): number {
  return Number(b.current) - Number(a.current) || b.seen_at.localeCompare(a.seen_at);
}

/** What a browser calls itself, in two words where they are known. */
export function browserOf(agent: string): string {
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(agent)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)?.[1];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  if (!browser) return agent.slice(0, 60) || "–";
  return [names[browser] ?? browser, system].filter(Boolean).join(", ");
}
