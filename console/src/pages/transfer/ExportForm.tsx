import { Download } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { Checkbox, Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { Segments } from "@/components/Tabs";
import { downloadJson } from "@/lib/download";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function ExportForm() {
  const t = useTexts(texts);
  const [only, setOnly] = useState<string[]>([]);
  const [people, setPeople] = useState(false);
  const [sealed, setSealed] = useState(false);
  const [passphrase, setPassphrase] = useState("");
  const include = people ? ["users"] : [];
  const run = useChange(
    () => ask(api.POST("/export", { body: { only, include, passphrase: sealed ? passphrase : null } })),
    { quiet: true, done: t.done, onDone: (made) => downloadJson(fileName(), made) },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  const toggle = (section: string, on: boolean) =>
    setOnly(on ? [...only, section] : only.filter((one) => one !== section));
  return (
    <Section className="max-w-2xl">
      <form onSubmit={submit} className="space-y-5">
        {run.error && <Trouble error={run.error} />}
        <fieldset>
          <legend className="mb-2 text-sm font-medium">{t.parts}</legend>
          <div className="grid gap-2 sm:grid-cols-2">
            <Checkbox label={t.allParts} checked={only.length === 0} onChange={() => setOnly([])} />
            {Object.entries(t.sections).map(([section, label]) => (
              <Checkbox
                key={section}
                label={label}
                checked={only.includes(section)}
                onChange={(on) => toggle(section, on)}
              />
            ))}
          </div>
        </fieldset>
        <Checkbox label={t.people} checked={people} onChange={setPeople} />
        <fieldset className="space-y-3">
          <legend className="mb-2 text-sm font-medium">{t.secrets}</legend>
          <Segments
            label={t.secrets}
            value={sealed ? "sealed" : "without"}
            onChange={(value) => setSealed(value === "sealed")}
            options={[
              { value: "without", label: t.without },
              { value: "sealed", label: t.sealed },
            ]}
          />
          {!sealed && <p className="text-xs text-muted">{t.withoutHelp}</p>}
          {sealed && (
            <Field label={t.passphrase} help={t.passphraseHelp}>
              {(wiring) => (
                <Input
                  {...wiring}
                  type="password"
                  autoComplete="new-password"
                  minLength={10}
                  required
                  value={passphrase}
                  onChange={(event) => setPassphrase(event.target.value)}
                />
              )}
            </Field>
          )}
        </fieldset>
        <Button type="submit" kind="primary" busy={run.isPending}>
          <Download aria-hidden />
          {t.download}
        </Button>
      </form>
    </Section>
  );
}

function fileName(): string {
  return `gatehouse-${new Date().toISOString().slice(0, 10)}.json`;
}
