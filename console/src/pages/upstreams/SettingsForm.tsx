import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import type { UpstreamChange, UpstreamDetails, Visibility } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Diff } from "@/components/Diff";
import { Field, Input, Select, Switch, Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { CredentialFields } from "@/pages/agents/CredentialFields";
import { asCredential, NOTHING, type Typed } from "@/pages/agents/credential";
import { PlacingFields } from "@/pages/agents/PlacingFields";
import { lines, variables } from "./draft";
import { texts } from "./texts";

/** Everything about it that can be changed; what would change is shown before it is saved. */
export function SettingsForm({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [draft, setDraft] = useState(() => draftOf(upstream));
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = useChange(
    () =>
      ask(
        api.PATCH("/upstreams/{id}", {
          params: { path: { id: upstream.id } },
          body: bodyOf(draft, upstream),
        }),
      ),
    {
      affects: [["upstreams"], ["tools"], ["prompts"], ["resources"]],
      done: common.saved,
      quiet: true,
    },
  );
  const field = (name: string) => (save.error instanceof ApiProblem ? save.error.field(name) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const before = shown(draftOf(upstream));
  const after = shown(draft);
  return (
    <form onSubmit={submit} className="max-w-3xl space-y-4">
      {save.error && <Trouble error={save.error} />}
      <Section>
        <div className="space-y-4">
          <Switch label={t.enabled} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t.name} error={field("name")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required
                  value={draft.name}
                  onChange={(event) => set({ name: event.target.value })}
                />
              )}
            </Field>
            <Field label={common.description} required={false} error={field("description")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  value={draft.description}
                  onChange={(event) => set({ description: event.target.value })}
                />
              )}
            </Field>
          </div>
          <Field label={common.tags} required={false} error={field("tags")}>
            {({ required: _, ...wiring }) => (
              <TagInput {...wiring} values={draft.tags} onChange={(tags) => set({ tags })} />
            )}
          </Field>
          <PlacingFields
            placing={{ team: draft.team, visibility: draft.visibility }}
            onChange={(placing) =>
              set({ team: placing.team, visibility: placing.visibility || draft.visibility })
            }
            field={field}
          />
        </div>
      </Section>
      <Section title={t.speaks}>
        {upstream.url ? (
          <Reached draft={draft} set={set} field={field} has={!!upstream.credential} />
        ) : (
          <Run draft={draft} set={set} field={field} upstream={upstream} />
        )}
      </Section>
      <Section title={t.more}>
        <Manner draft={draft} set={set} field={field} />
      </Section>
      {before !== after && <Diff label={t.whatChanges} before={before} after={after} />}
      <Button type="submit" kind="primary" disabled={before === after} busy={save.isPending}>
        {common.save}
      </Button>
    </form>
  );
}

type Draft = ReturnType<typeof draftOf>;
type PartProps = {
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  field: (name: string) => string | undefined;
};

function Reached({ draft, set, field, has }: PartProps & { has: boolean }) {
  const t = useTexts(texts);
  return (
    <div className="space-y-4">
      <Field label={t.url} error={field("url")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            type="url"
            value={draft.url}
            onChange={(event) => set({ url: event.target.value })}
          />
        )}
      </Field>
      <CredentialFields
        typed={draft.credential}
        onChange={(credential) => set({ credential })}
        has={has}
        error={field("credential")}
      />
    </div>
  );
}

function Run({ draft, set, field, upstream }: PartProps & { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const shut = !can("upstream.stdio");
  return (
    <div className="space-y-4">
      <Field label={t.command} help={shut ? t.noStdio : undefined} error={field("command")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            disabled={shut}
            className="font-mono"
            value={draft.command}
            onChange={(event) => set({ command: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.arguments} help={t.argumentsHelp} required={false} error={field("args")}>
        {(wiring) => (
          <Textarea
            {...wiring}
            required={false}
            disabled={shut}
            className="font-mono"
            value={draft.arguments}
            onChange={(event) => set({ arguments: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={t.environment}
        help={upstream.env.length ? `${t.environmentKeep} ${upstream.env.join(", ")}` : t.environmentHelp}
        required={false}
        error={field("env")}
      >
        {(wiring) => (
          <Textarea
            {...wiring}
            required={false}
            disabled={shut}
            className="font-mono"
            value={draft.environment}
            onChange={(event) => set({ environment: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}

function Manner({ draft, set, field }: PartProps) {
  const t = useTexts(texts);
  const told = (words: Record<string, string>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <div className="grid gap-4 sm:grid-cols-3">
      <Field label={t.share} error={field("share")}>
        {(wiring) => (
          <Select
            {...wiring}
            value={draft.share}
            onChange={(event) => set({ share: event.target.value as Draft["share"] })}
            options={told(t.shares)}
          />
        )}
      </Field>
      <Field label={t.eraMode} error={field("era")}>
        {(wiring) => (
          <Select
            {...wiring}
            value={draft.era}
            onChange={(event) => set({ era: event.target.value as Draft["era"] })}
            options={told(t.eraModes)}
          />
        )}
      </Field>
      <Field label={t.timeout} help={t.timeoutHelp} required={false} error={field("timeout")}>
        {(wiring) => (
          <Input
            {...wiring}
            required={false}
            type="number"
            min={0}
            step="any"
            value={draft.timeout}
            onChange={(event) => set({ timeout: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}

function draftOf(upstream: UpstreamDetails) {
  const { name, description, tags, share, enabled } = upstream;
  return {
    name,
    description,
    tags,
    share,
    enabled,
    era: upstream.era_mode,
    team: upstream.team ?? "",
    visibility: upstream.visibility as Visibility,
    url: upstream.url ?? "",
    credential: { ...NOTHING, kind: upstream.credential ? "keep" : "none" } as Typed,
    command: upstream.command ?? "",
    arguments: upstream.args.join("\n"),
    environment: "",
    timeout: upstream.timeout === null ? "" : String(upstream.timeout),
  };
}

/** Only what differs is sent: where it is put and how it is reached needs more rights than its words. */
function bodyOf(draft: Draft, upstream: UpstreamDetails): UpstreamChange {
  const before = draftOf(upstream);
  const body: UpstreamChange = {
    name: draft.name,
    description: draft.description || null,
    tags: draft.tags,
    share: draft.share,
    enabled: draft.enabled,
    era: draft.era,
  };
  body.timeout = draft.timeout === "" ? null : Number(draft.timeout);
  if (draft.team !== before.team || draft.visibility !== before.visibility)
    Object.assign(body, { team: draft.team || null, visibility: draft.visibility });
  if (draft.url !== before.url) body.url = draft.url;
  if (draft.credential.kind !== before.credential.kind) body.credential = asCredential(draft.credential);
  if (draft.command !== before.command) body.command = draft.command;
  if (draft.arguments !== before.arguments) body.args = lines(draft.arguments);
  if (draft.environment.trim()) body.env = variables(draft.environment);
  return body;
}

/** For the difference; secrets are told as set, and no more. */
function shown({ credential, environment, ...rest }: Draft): string {
  const names = Object.keys(variables(environment));
  const told = { ...rest, credential: credential.kind, environment: names.map((one) => `${one}=***`) };
  return JSON.stringify(told, null, 2);
}
