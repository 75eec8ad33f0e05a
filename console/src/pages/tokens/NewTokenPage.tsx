import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useDeferredValue, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { everyPage, useChange } from "@/api/queries";
import type { TokenMade } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Combobox } from "@/components/Combobox";
import { Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Page, Section } from "@/components/Page";
import { PermissionPicker } from "@/components/PermissionPicker";
import { ServersPicker, TeamPicker } from "@/components/pickers";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { AccessShown } from "./AccessShown";
import { LimitFields } from "./LimitFields";
import { TokenShown } from "./TokenShown";
import { texts } from "./texts";
import { bodyOf, EMPTY, opensSomething, type TokenDraft } from "./tokenDraft";

export default function NewTokenPage() {
  const t = useTexts(texts);
  const navigate = useNavigate();
  const [url] = useUrl();
  const [draft, setDraft] = useState<TokenDraft>({
    ...EMPTY,
    servers: url.server ? [url.server] : [],
    agents: url.agent ? [url.agent] : [],
  });
  const [made, setMade] = useState<TokenMade | null>(null);
  const set = (changes: Partial<TokenDraft>) => setDraft((before) => ({ ...before, ...changes }));
  const make = useChange(() => ask(api.POST("/tokens", { body: bodyOf(draft) })), {
    affects: [["tokens"]],
    quiet: true,
    onDone: setMade,
  });
  const field = (name: string) => (make.error instanceof ApiProblem ? make.error.field(name) : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Page title={t.make} back={{ to: "/tokens", words: t.back }}>
      <form onSubmit={submit} className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="space-y-4">
          {make.error && <Trouble error={make.error} />}
          <Section>
            <Scope draft={draft} set={set} field={field} />
          </Section>
          <Section title={t.limits}>
            <LimitFields draft={draft} set={set} field={field} />
          </Section>
        </div>
        <div className="space-y-4 lg:sticky lg:top-6">
          <Section title={t.access}>
            <Preview draft={draft} />
          </Section>
          <Button
            type="submit"
            kind="primary"
            size="large"
            className="w-full"
            disabled={!opensSomething(draft)}
            busy={make.isPending}
          >
            {t.make}
          </Button>
        </div>
      </form>
      <TokenShown made={made} onClose={() => void navigate({ to: `/tokens/${made?.id ?? ""}` as never })} />
    </Page>
  );
}

type ScopeProps = {
  draft: TokenDraft;
  set: (changes: Partial<TokenDraft>) => void;
  field: (name: string) => string | undefined;
};

function Scope({ draft, set, field }: ScopeProps) {
  const t = useTexts(texts);
  const { can } = useSession();
  return (
    <div className="space-y-4">
      <Field label={t.name} help={t.nameHelp} error={field("name")}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            maxLength={255}
            value={draft.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label={t.forServers} help={t.forServersHelp} required={false} error={field("servers")}>
        {({ required: _, ...wiring }) => (
          <ServersPicker {...wiring} chosen={draft.servers} onChange={(servers) => set({ servers })} />
        )}
      </Field>
      {can("agent.read") && (
        <Field label={t.forAgents} help={t.forAgentsHelp} required={false} error={field("agents")}>
          {({ required: _, ...wiring }) => (
            <AgentsPicker {...wiring} chosen={draft.agents} onChange={(agents) => set({ agents })} />
          )}
        </Field>
      )}
      {can("team.read") && (
        <Field label={t.team} help={t.teamHelp} required={false} error={field("team")}>
          {(wiring) => (
            <TeamPicker
              {...wiring}
              placeholder={t.personal}
              value={draft.team}
              onChange={(team) => set({ team })}
            />
          )}
        </Field>
      )}
      <details>
        <summary className="text-sm font-medium">{t.forApi}</summary>
        <p className="mt-1 mb-3 text-xs text-muted">{t.forApiHelp}</p>
        <PermissionPicker
          label={t.forApi}
          chosen={draft.permissions}
          allowed={can}
          onChange={(permissions) => set({ permissions })}
          error={field("permissions")}
        />
      </details>
    </div>
  );
}

function AgentsPicker({
  chosen,
  onChange,
  ...wiring
}: {
  chosen: string[];
  onChange: (chosen: string[]) => void;
  id?: string;
}) {
  const t = useTexts(texts);
  const agents = useQuery({
    queryKey: ["agents", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/agents", { params: { query: { cursor, limit: 500 } } }))),
  });
  const items = (agents.data ?? []).map((one) => ({ value: one.id, label: one.name }));
  return (
    <Combobox
      several
      items={items}
      label={t.forAgents}
      placeholder={t.chooseAgents}
      chosen={chosen}
      onChange={onChange}
      {...wiring}
    />
  );
}

/** What the token would open, asked again whenever the form changes. */
function Preview({ draft }: { draft: TokenDraft }) {
  const t = useTexts(texts);
  const late = useDeferredValue(draft);
  const body = bodyOf({ ...late, name: "preview", rate: "", quota: "", windows: [], addresses: [] });
  const wanted = opensSomething(late);
  const access = useQuery({
    queryKey: ["tokens", "preview", body],
    queryFn: () => ask(api.POST("/tokens/preview", { body })),
    enabled: wanted,
    placeholderData: keepPreviousData,
  });
  if (!wanted) return <p className="text-muted">{t.accessEmpty}</p>;
  if (access.error) return <Trouble error={access.error} />;
  return access.data ? <AccessShown access={access.data} /> : <SkeletonLines lines={3} />;
}
