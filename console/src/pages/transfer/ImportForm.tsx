import { useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ImportReport, OnConflict } from "@/api/schema";
import { Button, buttonStyle } from "@/components/Button";
import { Field, Input, Select } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { Report } from "./Report";
import { texts } from "./texts";

type Document = Record<string, unknown>;
type Given = { name: string; document: Document };

/** First what would change, then, if that is what one wants, the import itself. */
export function ImportForm() {
  const t = useTexts(texts);
  const [given, setGiven] = useState<Given | null>(null);
  const [wrong, setWrong] = useState(false);
  const [conflict, setConflict] = useState<OnConflict>("update");
  const [passphrase, setPassphrase] = useState("");
  const [report, setReport] = useState<ImportReport | null>(null);
  const client = useQueryClient();
  const run = useChange((dry_run: boolean) => send(given, conflict, passphrase, dry_run), {
    quiet: true,
    done: (made) => (made.dry_run ? "" : t.applied),
    onDone: (made) => {
      setReport(made);
      // Anything may be another one now.
      if (!made.dry_run) void client.invalidateQueries();
    },
  });
  const take = async (file: File | undefined) => {
    if (!file) return;
    setReport(null);
    run.reset();
    const document = parsed(await file.text());
    setWrong(!document);
    setGiven(document ? { name: file.name, document } : null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(true);
  };
  return (
    <div className="space-y-4">
      <Section className="max-w-2xl">
        <form onSubmit={submit} className="space-y-5">
          {run.error && <Trouble error={run.error} />}
          {wrong && <Note tone="bad" title={t.notJson} />}
          <FileChoice given={given} onFile={(file) => void take(file)} />
          <Field label={t.conflict}>
            {(wiring) => (
              <Select
                {...wiring}
                value={conflict}
                onChange={(event) => {
                  setConflict(event.target.value as OnConflict);
                  setReport(null);
                }}
                options={Object.entries(t.conflicts).map(([value, label]) => ({ value, label }))}
              />
            )}
          </Field>
          {given?.document.secrets !== undefined && (
            <Field label={t.importPassphrase} required={false}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  type="password"
                  autoComplete="off"
                  value={passphrase}
                  onChange={(event) => setPassphrase(event.target.value)}
                />
              )}
            </Field>
          )}
          <Button type="submit" disabled={!given} busy={run.isPending}>
            {run.isPending ? t.looking : t.look}
          </Button>
        </form>
      </Section>
      {report && <Report report={report} onApply={() => run.mutate(false)} busy={run.isPending} />}
    </div>
  );
}

function FileChoice({ given, onFile }: { given: Given | null; onFile: (file: File | undefined) => void }) {
  const t = useTexts(texts);
  const [over, setOver] = useState(false);
  return (
    <Field label={t.file} help={t.fileHelp}>
      {(wiring) => (
        <div
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            onFile(event.dataTransfer.files[0]);
          }}
          className={cn(
            "flex flex-wrap items-center gap-3 rounded-md border border-dashed border-line-strong p-4",
            over && "border-accent bg-accent-soft",
          )}
        >
          <span className={cn(buttonStyle(), "relative focus-within:outline-2 focus-within:outline-accent")}>
            <FileUp aria-hidden />
            {given?.name ?? t.choose}
            <input
              {...wiring}
              type="file"
              accept=".json,application/json"
              className="absolute inset-0 cursor-pointer opacity-0"
              onChange={(event) => onFile(event.target.files?.[0])}
            />
          </span>
          {!given && <span className="text-muted">{t.drop}</span>}
        </div>
      )}
    </Field>
  );
}

function parsed(text: string): Document | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : null;
  } catch {
    return null;
  }
}

function send(given: Given | null, conflict: OnConflict, passphrase: string, dry_run: boolean) {
  const document = given?.document ?? {};
  const body = passphrase ? { document, passphrase } : document;
  return ask(api.POST("/import", { params: { query: { dry_run, conflict } }, body }));
}
