import { ArrowDownLeft, ArrowUpRight } from "lucide-react";
import { Code } from "@/components/Code";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import type { Passed } from "@/mcp/wire";
import { indented } from "./indented";
import { playgroundTexts } from "./texts";

const LONGEST = 200_000;

/** Every message of the call as it went over the wire. What authorizes it is left out. */
export function Journal({ passed }: { passed: Passed[] }) {
  const texts = useTexts(playgroundTexts);
  if (passed.length === 0) return <p className="py-6 text-center text-sm text-muted">{texts.noExchange}</p>;
  return (
    <ol className="divide-y divide-line rounded-md border border-line">
      {passed.map((one, at) => (
        <li key={at}>
          <Entry passed={one} first={passed[0]?.at ?? one.at} />
        </li>
      ))}
    </ol>
  );
}

function Entry({ passed, first }: { passed: Passed; first: number }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  const out = passed.direction === "out";
  const Sign = out ? ArrowUpRight : ArrowDownLeft;
  const headers = Object.entries(passed.headers ?? {});
  return (
    <details className="group">
      <summary className="flex min-h-9 items-center gap-2 px-3 py-1.5 text-sm hover:bg-hover">
        <Sign className={cn("size-4 shrink-0", out ? "text-accent" : "text-ok")} aria-hidden />
        <span className="w-16 shrink-0 text-xs text-muted">{out ? texts.sent : texts.received}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-xs">{passed.label}</span>
        <span className="tabular hidden text-xs text-faint sm:inline">
          {formats.clock(new Date(passed.at))}
        </span>
        <span className="tabular w-16 shrink-0 text-right text-xs text-muted">
          +{formats.milliseconds(passed.at - first)}
        </span>
      </summary>
      <div className="space-y-2 px-3 pb-3">
        {headers.length > 0 && (
          <Code title={texts.headers} text={headers.map(([name, value]) => `${name}: ${value}`).join("\n")} />
        )}
        {passed.text ? (
          <Code json title={passed.label} text={indented(passed.text.slice(0, LONGEST))} />
        ) : (
          <p className="text-xs text-muted">{texts.noBody}</p>
        )}
      </div>
    </details>
  );
}
