import { type FormEvent, type ReactNode, useState } from "react";
import { ApiProblem } from "@/api/problem";
import type { AgentDetails, AgentInput, Visibility } from "@/api/schema";
import { Button } from "@/components/Button";
import { Field, Input, Switch, Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { CredentialFields } from "./CredentialFields";
import { asCredential, NOTHING, type Typed } from "./credential";
import { type Placing, PlacingFields } from "./PlacingFields";
import { agentTexts } from "./texts";

/** What the form gives: for a new agent, and to change one. */
export type AgentBody = Omit<AgentInput, "visibility"> & { visibility?: Visibility };
type Props = {
  agent?: AgentDetails;
  action: string;
  busy: boolean;
  error: unknown;
  onSubmit: (body: AgentBody) => void;
  beside?: ReactNode;
};

/** The form of an agent, new or known. A credential that is left as it is does not appear in what is sent. */
export function AgentForm({ agent, action, busy, error, onSubmit, beside }: Props) {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  const [typed, setTyped] = useState(() => first(agent));
  const [credential, setCredential] = useState<Typed>({
    ...NOTHING,
    kind: agent?.credential ? "keep" : "none",
  });
  const field = (name: string) => (error instanceof ApiProblem ? error.field(name) : undefined);
  const set = (changes: Partial<typeof typed>) => setTyped({ ...typed, ...changes });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What its card says of it is not made the description that somebody gave it.
    const description = typed.description === first(agent).description ? undefined : typed.description;
    onSubmit({ ...bodyOf(typed, credential), description });
  };
  return (
    <form onSubmit={submit} className="max-w-2xl space-y-4">
      {Boolean(error) && <Trouble error={error} />}
      <Field label={t.url} help={t.urlHelp} error={field("url")} required>
        {(wiring) => (
          <Input
            {...wiring}
            type="url"
            placeholder="https://"
            value={typed.url}
            onChange={(event) => set({ url: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.name} help={t.nameHelp} error={field("name")} required>
        {(wiring) => (
          <Input {...wiring} value={typed.name} onChange={(event) => set({ name: event.target.value })} />
        )}
      </Field>
      <CredentialFields
        typed={credential}
        onChange={setCredential}
        has={Boolean(agent?.credential)}
        error={field("credential")}
      />
      <Field label={t.description} help={t.descriptionHelp} error={field("description")} required={false}>
        {(wiring) => (
          <Textarea
            {...wiring}
            value={typed.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      <Field label={common.tags} error={field("tags")} required={false}>
        {(wiring) => <TagInput {...wiring} values={typed.tags} onChange={(tags) => set({ tags })} />}
      </Field>
      <PlacingFields placing={typed.placing} onChange={(placing) => set({ placing })} field={field} />
      <Field label={t.timeout} help={t.timeoutHelp} error={field("timeout")} required={false}>
        {(wiring) => (
          <Input
            {...wiring}
            type="number"
            min={1}
            max={86_400}
            className="w-32"
            value={typed.timeout}
            onChange={(event) => set({ timeout: event.target.value })}
          />
        )}
      </Field>
      <Switch checked={typed.enabled} onChange={(enabled) => set({ enabled })} label={t.enabled} />
      <div className="flex flex-wrap items-center gap-2 border-t border-line pt-4">
        <Button kind="primary" type="submit" busy={busy}>
          {action}
        </Button>
        {beside}
      </div>
    </form>
  );
}

function first(agent: AgentDetails | undefined) {
  const placing: Placing = { team: agent?.team ?? "", visibility: agent?.visibility ?? "" };
  return {
    url: agent?.url ?? "",
    name: agent?.name ?? "",
    description: agent?.description ?? "",
    tags: agent?.tags ?? [],
    timeout: agent?.timeout ? String(agent.timeout) : "",
    enabled: agent?.enabled ?? true,
    placing,
  };
}

function bodyOf({ placing, timeout, ...rest }: ReturnType<typeof first>, typed: Typed): AgentBody {
  const credential = asCredential(typed);
  const shared = {
    ...rest,
    team: placing.team || null,
    visibility: placing.visibility || undefined,
    timeout: timeout ? Number(timeout) : null,
  };
  return credential === undefined ? shared : { ...shared, credential };
}
