import { useState } from "react";
import type { ImportChange, ImportReport } from "@/api/schema";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Diff } from "@/components/Diff";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

const TONES: Record<ImportChange["verdict"], Tone> = {
  added: "ok",
  changed: "accent",
  conflict: "bad",
  "left out": "warn",
  renamed: "accent",
  same: "plain",
  skipped: "plain",
};

/** What an import does, thing by thing; or what it did. */
export function Report({
  report,
  onApply,
  busy,
}: {
  report: ImportReport;
  onApply: () => void;
  busy: boolean;
}) {
  const t = useTexts(texts);
  const [all, setAll] = useState(false);
  const same = report.changes.filter((one) => one.verdict === "same");
  const differs = report.changes.filter((one) => one.verdict !== "same");
  const apply = report.dry_run && differs.length > 0 && (
    <Button kind="primary" onClick={onApply} busy={busy}>
      {t.apply}
    </Button>
  );
  return (
    <Section title={report.dry_run ? t.look : t.applied} about={`${t.form}: ${report.form}`} actions={apply}>
      <div className="space-y-4">
        {!differs.length && <Note tone="ok" title={t.nothing} />}
        {report.needed.length > 0 && (
          <Note tone="warn" title={t.needed}>
            <p>{t.neededWords}</p>
            <ul className="mt-1">
              {report.needed.map((one) => (
                <li key={one}>
                  <Mono>{one}</Mono>
                </li>
              ))}
            </ul>
          </Note>
        )}
        <Findings report={report} />
        <ul className="divide-y divide-line">
          {[...differs, ...(all ? same : [])].map((one) => (
            <Change key={`${one.section} ${one.name}`} change={one} />
          ))}
        </ul>
        {same.length > 0 && !all && (
          <Button size="small" onClick={() => setAll(true)}>
            {t.showSame(same.length)}
          </Button>
        )}
      </div>
    </Section>
  );
}

function Change({ change }: { change: ImportChange }) {
  const t = useTexts(texts);
  return (
    <li className="py-2.5">
      <details>
        <summary className="flex flex-wrap items-center gap-2">
          <Badge tone={TONES[change.verdict]}>{t.verdicts[change.verdict]}</Badge>
          <span className="text-muted">
            {t.sections[change.section as keyof typeof t.sections] ?? change.section}
          </span>
          <span className="min-w-0 font-medium break-words">{change.name}</span>
          {change.renamed_to && <span className="text-muted">{t.asName(change.renamed_to)}</span>}
        </summary>
        <div className="mt-2 space-y-2 pl-2">
          {change.notes.map((one) => (
            <p key={one} className="text-muted">
              {one}
            </p>
          ))}
          {change.fields.map((one) => (
            <div key={one.name}>
              <p className="mb-1 text-xs text-muted">{one.name}</p>
              <Diff label={one.name} before={written(one.before)} after={written(one.after)} />
            </div>
          ))}
        </div>
      </details>
    </li>
  );
}

function Findings({ report }: { report: ImportReport }) {
  const t = useTexts(texts);
  const told = report.findings.filter((one) => one.fidelity !== "exact");
  if (!told.length) return null;
  return (
    <div>
      <h3 className="mb-2 text-sm font-semibold">{t.findings}</h3>
      <ul className="space-y-1.5">
        {told.map((one) => (
          <li key={`${one.kind} ${one.name}`} className="flex flex-wrap items-baseline gap-2">
            <Badge tone={one.fidelity === "unsupported" ? "bad" : "warn"}>{t.fidelities[one.fidelity]}</Badge>
            <span className="font-medium">{one.name}</span>
            <span className="min-w-0 text-muted">{one.words}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
