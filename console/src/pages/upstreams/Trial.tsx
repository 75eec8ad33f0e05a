import { CircleCheck, CircleDashed, CircleX, LoaderCircle } from "lucide-react";
import type { TrialView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";
import type { useTrial } from "./useTrial";

const SIGNS = {
  ok: [CircleCheck, "text-ok"],
  failed: [CircleX, "text-bad"],
  skipped: [CircleDashed, "text-faint"],
} as const;
const NAMES = ["address", "connection", "handshake", "offer"] as const;

/** How far it came, stage by stage, and what it would bring. */
export function Trial({ trial }: { trial: ReturnType<typeof useTrial> }) {
  const t = useTexts(texts);
  const { report, busy } = trial;
  return (
    <Section title={t.try} className="lg:sticky lg:top-6">
      <div aria-live="polite" className="space-y-4">
        {!report && !busy && <p className="text-muted">{t.stageReady}</p>}
        {busy && <Waiting />}
        {report && <Stages report={report} />}
        {report?.sign_in && <Note tone="warn" title={t.signIn} />}
        {report && <Brings report={report} />}
      </div>
    </Section>
  );
}

function Waiting() {
  const t = useTexts(texts);
  return (
    <ul className="space-y-3">
      {NAMES.map((name) => (
        <li key={name} className="flex items-center gap-2 text-muted">
          <LoaderCircle className="size-4 animate-spin" aria-hidden />
          {t.stages[name]}
        </li>
      ))}
    </ul>
  );
}

function Stages({ report }: { report: TrialView }) {
  const t = useTexts(texts);
  const formats = useFormats();
  return (
    <ol className="space-y-3">
      {report.stages.map((one) => {
        const [Sign, colour] = SIGNS[one.state];
        return (
          <li key={one.name} className="flex gap-2">
            <Sign
              className={cn("mt-0.5 size-4 shrink-0", colour)}
              role="img"
              aria-label={t.stageStates[one.state]}
            />
            <div className="min-w-0 flex-1">
              <p className="flex justify-between gap-2">
                <span className="font-medium">{t.stages[one.name]}</span>
                {one.milliseconds !== null && (
                  <span className="tabular text-xs text-muted">{formats.milliseconds(one.milliseconds)}</span>
                )}
              </p>
              <p className="break-words whitespace-pre-line text-muted">{one.detail}</p>
              {one.hint && <p className="text-ink">{one.hint}</p>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Brings({ report }: { report: TrialView }) {
  const t = useTexts(texts);
  if (!report.ok) return null;
  const { counts } = report;
  return (
    <div className="space-y-4 border-t border-line pt-4">
      <p className="font-medium">{t.counts(counts.tool, counts.prompt, counts.resource + counts.template)}</p>
      {report.tools.length > 0 && (
        <ul tabIndex={0} aria-label={t.offers} className="flex max-h-40 flex-wrap gap-1 overflow-y-auto">
          {report.tools.map((one) => (
            <li key={one.name} className="max-w-full">
              <Badge className="font-mono font-normal">{one.name}</Badge>
            </li>
          ))}
        </ul>
      )}
      {report.duplicates.length > 0 && <Duplicates duplicates={report.duplicates} />}
      <Remarks report={report} />
    </div>
  );
}

function Duplicates({ duplicates }: { duplicates: TrialView["duplicates"] }) {
  const t = useTexts(texts);
  return (
    <Note tone="warn" title={t.duplicates(duplicates.length)}>
      <p>{t.duplicatesHelp}</p>
      <ul className="mt-2 space-y-1">
        {duplicates.slice(0, 8).map((one) => (
          <li key={one.tool}>
            <span className="font-mono text-xs">{one.tool}</span> {t.like}{" "}
            {one.similar.slice(0, 3).map((like) => (
              <RouteLink
                key={like.tool.id}
                to={`/tools/${like.tool.id}`}
                className={cn(linkStyle, "mr-2 font-mono text-xs")}
              >
                {like.tool.handle}
              </RouteLink>
            ))}
          </li>
        ))}
      </ul>
    </Note>
  );
}

function Remarks({ report }: { report: Pick<TrialView, "skipped" | "warnings"> }) {
  const t = useTexts(texts);
  return (
    <>
      {report.skipped.length > 0 && (
        <Note tone="warn" title={t.skipped}>
          <ul className="space-y-1">
            {report.skipped.map((one) => (
              <li key={`${one.kind} ${one.name}`}>
                <span className="font-mono text-xs text-ink">{one.name}</span>: {one.reason}
              </li>
            ))}
          </ul>
        </Note>
      )}
      {report.warnings.length > 0 && (
        <Note title={t.warnings}>
          <ul className="space-y-1">
            {report.warnings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Note>
      )}
    </>
  );
}

export { Remarks };
