import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { everyPage, useChange } from "@/api/queries";
import { Badge } from "@/components/Badge";
import { Button, buttonStyle } from "@/components/Button";
import { Checkbox, Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { useServers } from "@/components/pickers";
import { RouteLink } from "@/components/RouteLink";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { useUpstreamNames } from "@/pages/roots/useUpstreamNames";
import { texts } from "./texts";

/** All of some MCP servers behind one address; the composer has what is finer. */
export function ComposeStep({ next }: { next: () => void }) {
  const t = useTexts(texts);
  const names = useUpstreamNames();
  const servers = useServers();
  const [, setServer] = useUrlState("server");
  const [name, setName] = useState("agent");
  const [left, setLeft] = useState<string[]>([]);
  const chosen = [...names.keys()].filter((id) => !left.includes(id));
  const create = useChange(
    async () => ask(api.POST("/servers", { body: { name, ...(await everythingOf(chosen)) } })),
    {
      affects: [["servers"]],
      quiet: true,
      onDone: (made) => {
        setServer(made.slug);
        next();
      },
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <div className="space-y-4">
      <Section>
        <form onSubmit={submit} className="space-y-4">
          {create.error && <Trouble error={create.error} />}
          <Field label={t.name}>
            {(wiring) => (
              <Input {...wiring} required value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <fieldset>
            <legend className="mb-2 text-sm font-medium">{t.allOf}</legend>
            {names.size === 0 && <p className="text-muted">{t.needFirst}</p>}
            <div className="grid gap-2 sm:grid-cols-2">
              {[...names].map(([id, label]) => (
                <Checkbox
                  key={id}
                  label={label}
                  checked={!left.includes(id)}
                  onChange={(on) => setLeft(on ? left.filter((one) => one !== id) : [...left, id])}
                />
              ))}
            </div>
          </fieldset>
          <div className="flex flex-wrap gap-2">
            <Button type="submit" kind="primary" disabled={!chosen.length} busy={create.isPending}>
              {t.create}
            </Button>
            <RouteLink to="/servers/new" className={buttonStyle()}>
              {t.finer}
            </RouteLink>
          </div>
        </form>
      </Section>
      {(servers.data?.length ?? 0) > 0 && (
        <Section title={t.existing}>
          <ul className="flex flex-wrap gap-2">
            {servers.data?.map((one) => (
              <li key={one.id}>
                <button
                  type="button"
                  className="rounded"
                  onClick={() => {
                    setServer(one.slug);
                    next();
                  }}
                >
                  <Badge tone="accent">{one.name}</Badge>
                </button>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

/** Ids of all that these upstreams offer. */
async function everythingOf(upstreams: string[]) {
  const of = async (path: "/tools" | "/prompts" | "/resources") => {
    const lists = await Promise.all(
      upstreams.map((upstream) =>
        everyPage((cursor) => ask(api.GET(path, { params: { query: { upstream, cursor, limit: 500 } } }))),
      ),
    );
    return lists.flat().map((one) => one.id);
  };
  return { tools: await of("/tools"), prompts: await of("/prompts"), resources: await of("/resources") };
}
