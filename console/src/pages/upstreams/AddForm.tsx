import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Field, Input, Select, Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { CredentialFields } from "@/pages/agents/CredentialFields";
import { PlacingFields } from "@/pages/agents/PlacingFields";
import { bodyOf, commandLine, EMPTY, lines, suggestedName, type UpstreamDraft } from "./draft";
import { Trial } from "./Trial";
import { texts } from "./texts";
import { useTrial } from "./useTrial";

type Complaint = (name: string) => string | undefined;
type PartProps = { draft: UpstreamDraft; set: (changes: Partial<UpstreamDraft>) => void; field: Complaint };

/** One MCP server by its URL or command: tried first, if one likes, and then added. */
export function AddForm({ way }: { way: "url" | "command" }) {
  const t = useTexts(texts);
  const navigate = useNavigate();
  const [draft, setDraft] = useState<UpstreamDraft>({ ...EMPTY, way });
  const trial = useTrial();
  const add = useChange(() => ask(api.POST("/upstreams", { body: bodyOf(draft) })), {
    affects: [["upstreams"], ["tools"], ["prompts"], ["resources"]],
    quiet: true,
    onDone: (made) => void navigate({ to: `/upstreams/${made.id}` as never }),
  });
  const set = (changes: Partial<UpstreamDraft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    trial.forget();
  };
  const problem = add.error ?? trial.error;
  const field: Complaint = (name) => (problem instanceof ApiProblem ? problem.field(name) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const failed = trial.report !== undefined && !trial.report.ok;
  return (
    <form onSubmit={submit} className="grid items-start gap-4 lg:grid-cols-2">
      <div className="space-y-4">
        {problem !== null && problem !== undefined && <Trouble error={problem} />}
        <Section>
          <div className="space-y-4">
            {way === "url" ? (
              <UrlFields draft={draft} set={set} field={field} />
            ) : (
              <CommandFields draft={draft} set={set} field={field} />
            )}
            <Field label={t.name} help={t.nameHelp} required={false} error={field("name")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  placeholder={suggestedName(draft)}
                  value={draft.name}
                  onChange={(event) => set({ name: event.target.value })}
                />
              )}
            </Field>
          </div>
        </Section>
        <More draft={draft} set={set} field={field} />
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => trial.start(bodyOf(draft))} busy={trial.busy}>
            {trial.busy ? t.trying : t.try}
          </Button>
          {trial.busy && <Button onClick={trial.stop}>{t.stop}</Button>}
          <Button type="submit" kind="primary" busy={add.isPending}>
            {failed ? t.addAnyway : t.addIt}
          </Button>
        </div>
      </div>
      <Trial trial={trial} />
    </form>
  );
}

function UrlFields({ draft, set, field }: PartProps) {
  const t = useTexts(texts);
  return (
    <>
      <Field label={t.url} error={field("url")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            type="url"
            placeholder="https://mcp.example.com/mcp"
            value={draft.url}
            onChange={(event) => set({ url: event.target.value })}
          />
        )}
      </Field>
      <CredentialFields
        typed={draft.credential}
        onChange={(credential) => set({ credential })}
        error={field("credential")}
      />
    </>
  );
}

function CommandFields({ draft, set, field }: PartProps) {
  const t = useTexts(texts);
  return (
    <>
      <Field label={t.command} help={t.commandHelp} error={field("command")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            className="font-mono"
            placeholder="npx"
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
            className="font-mono"
            placeholder={"-y\n@modelcontextprotocol/server-everything"}
            value={draft.arguments}
            onChange={(event) => set({ arguments: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.environment} help={t.environmentHelp} required={false} error={field("env")}>
        {(wiring) => (
          <Textarea
            {...wiring}
            required={false}
            className="font-mono"
            placeholder="API_KEY=…"
            value={draft.environment}
            onChange={(event) => set({ environment: event.target.value })}
          />
        )}
      </Field>
      {draft.command && (
        <Note title={t.runs}>
          <Mono className="break-all">{commandLine(draft.command, lines(draft.arguments))}</Mono>
        </Note>
      )}
    </>
  );
}

function More({ draft, set, field }: PartProps) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const told = (words: Record<string, string>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <Section>
      <details>
        <summary className="text-sm font-medium">{t.more}</summary>
        <div className="mt-4 space-y-4">
          <div className="grid gap-4 sm:grid-cols-2">
            {draft.way === "url" && (
              <Field label={t.transport} error={field("transport")}>
                {(wiring) => (
                  <Select
                    {...wiring}
                    value={draft.transport}
                    onChange={(event) => set({ transport: event.target.value as UpstreamDraft["transport"] })}
                    options={told(t.transports).filter((one) => one.value !== "stdio")}
                  />
                )}
              </Field>
            )}
            <Field label={t.share} help={t.shareHelp} error={field("share")}>
              {(wiring) => (
                <Select
                  {...wiring}
                  value={draft.share}
                  onChange={(event) => set({ share: event.target.value as UpstreamDraft["share"] })}
                  options={told(t.shares)}
                />
              )}
            </Field>
            {draft.way === "command" && (
              <Field label={t.workingDirectory} required={false} error={field("cwd")}>
                {(wiring) => (
                  <Input
                    {...wiring}
                    required={false}
                    value={draft.directory}
                    onChange={(event) => set({ directory: event.target.value })}
                  />
                )}
              </Field>
            )}
          </div>
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
          <Field label={common.tags} required={false} error={field("tags")}>
            {({ required: _, ...wiring }) => (
              <TagInput {...wiring} values={draft.tags} onChange={(tags) => set({ tags })} />
            )}
          </Field>
          <PlacingFields
            placing={{ team: draft.team, visibility: draft.visibility }}
            onChange={set}
            field={field}
          />
        </div>
      </details>
    </Section>
  );
}
