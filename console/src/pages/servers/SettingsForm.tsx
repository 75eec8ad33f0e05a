import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import type { ServerDetails, Visibility } from "@/api/schema";
import { Button } from "@/components/Button";
import { Checkbox, Field, Input, Select, Switch, Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { TeamPicker } from "@/components/pickers";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function SettingsForm({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => draftOf(server));
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = useChange(
    () =>
      ask(api.PATCH("/servers/{id}", { params: { path: { id: server.id } }, body: bodyOf(draft, server) })),
    {
      affects: [["servers"]],
      done: common.saved,
      quiet: true,
      onDone: (made) => {
        if (made.slug !== server.slug)
          void navigate({
            to: `/servers/${made.slug}` as never,
            search: { tab: "settings" } as never,
            replace: true,
          });
      },
    },
  );
  const field = (name: string) => (save.error instanceof ApiProblem ? save.error.field(name) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="max-w-3xl space-y-4">
      {save.error && <Trouble error={save.error} />}
      <Section>
        <div className="space-y-4">
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
            <Field label={t.slug} help={t.slugHelp} error={field("slug")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required
                  className="font-mono"
                  value={draft.slug}
                  onChange={(event) => set({ slug: event.target.value })}
                />
              )}
            </Field>
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
          <Field
            label={t.instructions}
            help={t.instructionsHelp}
            required={false}
            error={field("instructions")}
          >
            {(wiring) => (
              <Textarea
                {...wiring}
                required={false}
                rows={5}
                value={draft.instructions}
                onChange={(event) => set({ instructions: event.target.value })}
              />
            )}
          </Field>
          <Field label={common.tags} required={false} error={field("tags")}>
            {({ required: _, ...wiring }) => (
              <TagInput {...wiring} values={draft.tags} onChange={(tags) => set({ tags })} />
            )}
          </Field>
        </div>
      </Section>
      <Section title={t.access}>
        <Access draft={draft} set={set} field={field} />
      </Section>
      <Button type="submit" kind="primary" busy={save.isPending}>
        {common.save}
      </Button>
    </form>
  );
}

type Draft = ReturnType<typeof draftOf>;
type AccessProps = {
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  field: (name: string) => string | undefined;
};

function Access({ draft, set, field }: AccessProps) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const told = (words: Record<string, string>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <div className="space-y-4">
      <Switch label={t.enabled} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t.access} error={field("access")}>
          {(wiring) => (
            <Select
              {...wiring}
              value={draft.access}
              onChange={(event) => set({ access: event.target.value as Draft["access"] })}
              options={told(t.accesses)}
            />
          )}
        </Field>
        <Field label={t.era} error={field("era")}>
          {(wiring) => (
            <Select
              {...wiring}
              value={draft.era}
              onChange={(event) => set({ era: event.target.value as Draft["era"] })}
              options={told(t.eras)}
            />
          )}
        </Field>
        <Field label={t.team} required={false} error={field("team")}>
          {(wiring) => (
            <TeamPicker
              {...wiring}
              placeholder={t.noTeam}
              value={draft.team}
              onChange={(team) => set({ team, visibility: team ? "team" : "private" })}
            />
          )}
        </Field>
        <Field
          label={common.visibility}
          help={common.visibilityHelp[draft.visibility]}
          error={field("visibility")}
        >
          {(wiring) => (
            <Select
              {...wiring}
              value={draft.visibility}
              onChange={(event) => set({ visibility: event.target.value as Visibility })}
              options={told(common.visibilities).filter((one) => draft.team || one.value !== "team")}
            />
          )}
        </Field>
      </div>
      {draft.access === "anonymous" && <Note tone="warn">{t.anonymousWarning}</Note>}
      <div>
        <Checkbox
          label={t.recordContent}
          checked={draft.record_content}
          onChange={(record_content) => set({ record_content })}
        />
        <p className="mt-1 pl-6.5 text-xs text-muted">{t.recordContentHelp}</p>
      </div>
    </div>
  );
}

function draftOf(server: ServerDetails) {
  const { name, slug, description, access, era, tags, visibility, record_content, enabled } = server;
  return {
    name,
    slug,
    description,
    access,
    era,
    tags,
    visibility,
    record_content,
    enabled,
    instructions: server.instructions ?? "",
    team: server.team ?? "",
  };
}

/** Only where it is put is left out unless it changes: who moves a thing needs more rights than who rewords it. */
function bodyOf({ team, visibility, instructions, ...rest }: Draft, server: ServerDetails) {
  const moved = team !== (server.team ?? "") || visibility !== server.visibility;
  return {
    ...rest,
    instructions: instructions || null,
    ...(moved ? { team: team || null, visibility } : {}),
  };
}
