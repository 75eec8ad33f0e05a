import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import type { EntryDetails, InstallPreview, InstallView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button, buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Checkbox, Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { CredentialFields } from "@/pages/agents/CredentialFields";
import { asCredential, NOTHING } from "@/pages/agents/credential";
import { AskedFields, filled } from "./AskedFields";
import { texts } from "./texts";

/** A form made of the entry's own description; commands are shown whole before they may run. */
export function InstallForm({ entry }: { entry: EntryDetails }) {
  const t = useTexts(texts);
  const possible = entry.ways.filter((one) => one.possible);
  const [way, setWay] = useState(possible[0]?.name ?? entry.ways[0]?.name ?? "");
  const [name, setName] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [credential, setCredential] = useState(NOTHING);
  const [accepted, setAccepted] = useState(false);
  const [message, setMessage] = useState("");
  const asks = !useSession().can("registry.approve");
  const chosen = entry.ways.find((one) => one.name === way);
  const given = chosen ? filled(chosen.fields, values) : {};
  const whole = !!chosen?.possible && chosen.fields.every((one) => !one.required || given[one.key]);
  const preview = usePreview(entry.id, way, given, whole);
  const line = preview.data?.command_line ?? null;
  const install = useChange(
    (save_anyway: boolean) =>
      ask(
        api.POST("/registry/{id}/install", {
          params: { path: { id: entry.id } },
          body: {
            way,
            name: name.trim() || null,
            message: message.trim(),
            values: chosen ? filled(chosen.fields, values) : {},
            credential: asCredential(credential) ?? null,
            accept_command: accepted ? line : null,
            save_anyway,
          },
        }),
      ),
    { affects: [["upstreams"], ["registry"], ["tools"]], quiet: true },
  );
  const problem = (field: string) =>
    install.error instanceof ApiProblem ? install.error.field(field) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    install.mutate(false);
  };
  if (install.data) return <Done view={install.data} />;
  return (
    <Section title={t.install}>
      <form onSubmit={submit} className="space-y-4">
        {install.error && <NotInstalled error={install.error} again={() => install.mutate(true)} />}
        {entry.ways.length > 1 && (
          <Segments
            label={t.how}
            value={way}
            onChange={setWay}
            options={entry.ways.map((one) => ({ value: one.name, label: one.summary }))}
          />
        )}
        {chosen && !chosen.possible && (
          <Note tone="warn" title={t.notPossible}>
            {chosen.reason}
          </Note>
        )}
        {chosen && (
          <AskedFields fields={chosen.fields} values={values} onChange={setValues} problem={problem} />
        )}
        {entry.auth === "oauth" && chosen?.transport !== "stdio" && (
          <>
            <Note>{t.oauthNote}</Note>
            <CredentialFields typed={credential} onChange={setCredential} error={problem("credential")} />
          </>
        )}
        <Field label={t.name} help={t.nameHelp} required={false} error={problem("name")}>
          {(wiring) => (
            <Input
              {...wiring}
              required={false}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {asks && (
          <Field label={t.message} help={t.messageHelp} required={false}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                value={message}
                onChange={(event) => setMessage(event.target.value)}
              />
            )}
          </Field>
        )}
        {preview.data && <Preview preview={preview.data} />}
        {line && <Checkbox label={t.accept} checked={accepted} onChange={setAccepted} />}
        <Button
          type="submit"
          kind="primary"
          disabled={!chosen?.possible || (!!line && !accepted)}
          busy={install.isPending}
        >
          {install.isPending ? t.installing : t.install}
        </Button>
      </form>
    </Section>
  );
}

/** What it would be with what is typed so far; silent where something is missing yet. */
function usePreview(id: string, way: string, values: Record<string, string>, enabled: boolean) {
  return useQuery({
    queryKey: ["registry", "preview", id, way, values],
    queryFn: () =>
      ask(api.POST("/registry/{id}/preview", { params: { path: { id } }, body: { way, values } })),
    enabled,
    retry: false,
    placeholderData: (last) => last,
  });
}

function Preview({ preview }: { preview: InstallPreview }) {
  const t = useTexts(texts);
  return (
    <Note title={preview.command_line ? t.runs : t.reached}>
      <Mono className="block break-all text-ink">{preview.command_line ?? preview.url}</Mono>
      {preview.headers.length > 0 && (
        <p>
          {t.headersSent}: {preview.headers.join(", ")}
        </p>
      )}
      {preview.env.length > 0 && (
        <p>
          {t.variablesSet}: {preview.env.join(", ")}
        </p>
      )}
    </Note>
  );
}

function NotInstalled({ error, again }: { error: unknown; again: () => void }) {
  const t = useTexts(texts);
  const silent = error instanceof ApiProblem && error.status >= 500;
  return (
    <div className="space-y-2">
      <Trouble error={error} />
      {silent && <Button onClick={again}>{t.saveAnyway}</Button>}
    </div>
  );
}

function Done({ view }: { view: InstallView }) {
  const t = useTexts(texts);
  const open = view.upstream && (
    <RouteLink to={`/upstreams/${view.upstream.id}`} className={buttonStyle({ kind: "primary" })}>
      {t.openIt}
    </RouteLink>
  );
  return (
    <Section title={t.install}>
      <Note tone={view.state === "installed" ? "ok" : "warn"} title={t.states[view.state]} action={open}>
        {view.message}
      </Note>
    </Section>
  );
}
