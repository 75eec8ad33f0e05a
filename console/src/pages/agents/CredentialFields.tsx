import { Field, Input, Select } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import type { Typed } from "./credential";
import { agentTexts } from "./texts";

const KINDS = ["none", "bearer", "basic", "headers"] as const;
type Props = { typed: Typed; onChange: (typed: Typed) => void; has?: boolean; error?: string };

/** What Gatehouse presents to the agent. `has`: there is one, which can be left as it is. */
export function CredentialFields({ typed, onChange, has = false, error }: Props) {
  const t = useTexts(agentTexts);
  const kinds = has ? (["keep", ...KINDS] as const) : KINDS;
  const text = (name: keyof Typed, label: string, secret = false) => (
    <Field label={label} required>
      {(wiring) => (
        <Input
          {...wiring}
          type={secret ? "password" : "text"}
          autoComplete={secret ? "new-password" : "off"}
          value={typed[name]}
          onChange={(event) => onChange({ ...typed, [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <div className="space-y-4">
      <Field label={t.credential} help={t.credentialHelp} error={error}>
        {(wiring) => (
          <Select
            {...wiring}
            value={typed.kind}
            onChange={(event) => onChange({ ...typed, kind: event.target.value as Typed["kind"] })}
            options={kinds.map((value) => ({ value, label: t.credentials[value] }))}
          />
        )}
      </Field>
      {typed.kind === "bearer" && text("token", t.token, true)}
      {typed.kind === "basic" && (
        <div className="grid gap-4 sm:grid-cols-2">
          {text("username", t.username)}
          {text("password", t.password, true)}
        </div>
      )}
      {typed.kind === "headers" && (
        <div className="grid gap-4 sm:grid-cols-2">
          {text("header", t.header)}
          {text("value", t.value, true)}
        </div>
      )}
    </div>
  );
}
