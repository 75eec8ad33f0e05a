import { Badge, type Tone } from "@/components/Badge";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import type { Progress } from "@/mcp/wire";
import { playgroundTexts } from "./texts";
import type { Logged, Run } from "./useRun";

const TONES: Record<string, Tone> = {
  warning: "warn",
  error: "bad",
  critical: "bad",
  alert: "bad",
  emergency: "bad",
  info: "accent",
  notice: "accent",
};

/** What the server tells before it answers: how far it is, and what it logs. */
export function Meanwhile({ run }: { run: Run }) {
  return (
    <>
      {run.progress && <Bar progress={run.progress} over={run.state !== "running"} />}
      {run.logs.length > 0 && <Lines logs={run.logs} />}
    </>
  );
}

function Bar({ progress, over }: { progress: Progress; over: boolean }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  const { progress: done, total, message } = progress;
  const share = total ? Math.min(1, done / total) : undefined;
  return (
    <div className="space-y-1">
      <div className="flex justify-between gap-3 text-xs text-muted">
        <span className="min-w-0 truncate">{message || texts.progress}</span>
        <span className="tabular">
          {formats.number(done)}
          {total !== undefined && ` / ${formats.number(total)}`}
        </span>
      </div>
      <div
        role="progressbar"
        aria-label={texts.progress}
        aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={
            share === undefined && !over ? "h-full w-1/3 animate-pulse bg-accent" : "h-full bg-accent"
          }
          style={share === undefined ? undefined : { width: `${share * 100}%` }}
        />
      </div>
    </div>
  );
}

function Lines({ logs }: { logs: Logged[] }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  return (
    <div className="space-y-1.5">
      <h3 className="text-xs font-medium text-muted">{texts.logs}</h3>
      <ol
        tabIndex={0}
        aria-label={texts.logs}
        className="max-h-56 space-y-1 overflow-y-auto rounded-md bg-sunken px-3 py-2 font-mono text-xs"
      >
        {logs.map((one, at) => (
          <li key={at} className="flex items-baseline gap-2">
            <span className="tabular shrink-0 text-faint">{formats.clock(new Date(one.at))}</span>
            <Badge tone={TONES[one.level]} className="font-sans">
              {one.level}
            </Badge>
            <span className="min-w-0 break-words">
              {one.logger && <span className="text-faint">{one.logger}: </span>}
              {typeof one.data === "string" ? one.data : JSON.stringify(one.data)}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
