import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { BindingInput, BindingView, ServerDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Switch } from "@/components/Fields";
import { Hint } from "@/components/Hint";
import { Menu } from "@/components/Menu";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { Cost } from "../picker/Picker";
import { texts } from "../texts";
import { EditBinding } from "./EditBinding";

const PATHS = {
  tool: "/tools/",
  prompt: "/prompts/",
  resource: "/resources/",
  resource_template: "/resources/",
};

/** What the virtual server has, by the names that agents see. */
export function Bindings({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const navigate = useNavigate();
  const { can } = useSession();
  const [editing, setEditing] = useState<BindingView | null>(null);
  const save = useBindings(server);
  const tokens = server.bindings.reduce((sum, one) => sum + (one.enabled ? one.tokens : 0), 0);
  const compose = can("server.write", server) && (
    <Button kind="primary" onClick={() => void navigate({ to: ".", search: { tab: "compose" } as never })}>
      {t.composing}
    </Button>
  );
  const empty = (
    <Empty title={t.noBindings} action={compose}>
      {t.noBindingsWords}
    </Empty>
  );
  return (
    <Section
      title={t.counts(server.tools.length, server.prompts.length, server.resources.length)}
      actions={<Cost tokens={tokens} className="text-xs text-muted" />}
      flush
    >
      <DataTable
        label={t.bindings}
        rows={server.bindings}
        columns={useColumns(server, save, setEditing)}
        rowKey={(one) => one.id}
        rowHeight={52}
        empty={empty}
      />
      {editing && (
        <EditBinding binding={editing} server={server} onClose={() => setEditing(null)} save={save} />
      )}
    </Section>
  );
}

export type SaveBindings = (change: (bindings: BindingView[]) => BindingView[]) => Promise<unknown>;

/** All bindings go at once, in their order; names and aliases that they have are kept. */
function useBindings(server: ServerDetails): SaveBindings {
  const common = useCommonTexts();
  const put = useChange(
    (bindings: BindingInput[]) =>
      ask(api.PUT("/servers/{id}/bindings", { params: { path: { id: server.id } }, body: { bindings } })),
    { affects: [["servers"]], done: common.saved },
  );
  return (change) => put.mutateAsync(change(server.bindings).map(inputOf));
}

function inputOf({ capability, name, title, description, aliases, enabled }: BindingView): BindingInput {
  return { capability, name, title, description, aliases, enabled };
}

function useColumns(
  server: ServerDetails,
  save: SaveBindings,
  edit: (binding: BindingView) => void,
): Column<BindingView>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const may = can("server.write", server);
  const columns: Column<BindingView>[] = [
    {
      id: "name",
      header: t.advertised,
      width: "minmax(11rem, 3fr)",
      cell: (one) => <Advertised binding={one} />,
    },
    {
      id: "from",
      header: t.from,
      width: "minmax(7rem, 1fr)",
      from: "sm",
      cell: (one) => (
        <RouteLink
          to={`/upstreams/${one.upstream.id}`}
          className="block truncate text-muted hover:text-accent"
        >
          {one.upstream.name}
        </RouteLink>
      ),
    },
    {
      id: "tokens",
      header: "",
      width: "7rem",
      align: "right",
      from: "md",
      cell: (one) => <Cost tokens={one.tokens} className="text-xs text-faint" />,
    },
  ];
  columns[2] = {
    ...columns[2],
    header: t.tokensHelp.split(" ")[0] ?? "",
    quiet: true,
  } as Column<BindingView>;
  if (!may) return columns;
  const toggle = (binding: BindingView, enabled: boolean) =>
    void save((all) => all.map((one) => (one.id === binding.id ? { ...one, enabled } : one)));
  columns.push(
    {
      id: "on",
      header: t.state,
      quiet: true,
      width: "2.5rem",
      cell: (one) => (
        <Switch
          hiddenLabel
          label={t.switchedOn(one.name)}
          checked={one.enabled}
          onChange={(on) => toggle(one, on)}
        />
      ),
    },
    {
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2rem",
      align: "right",
      cell: (one) => <BindingMenu binding={one} server={server} save={save} edit={() => edit(one)} />,
    },
  );
  return columns;
}

function Advertised({ binding }: { binding: BindingView }) {
  const t = useTexts(texts);
  const renamed = binding.name !== binding.original_name;
  const reworded = binding.title !== null || binding.description !== null;
  return (
    <>
      <span className="flex min-w-0 flex-wrap items-center gap-x-2">
        <RouteLink
          to={PATHS[binding.kind] + binding.capability}
          className="truncate font-medium hover:text-accent"
        >
          {binding.name}
        </RouteLink>
        {renamed && (
          <Hint text={t.original(binding.original_name)}>
            <button type="button" className="rounded">
              <Badge tone="accent">{t.renamed}</Badge>
            </button>
          </Hint>
        )}
        {reworded && <Badge tone="accent">{t.overridden}</Badge>}
        {binding.state === "gone" && <Badge tone="bad">{t.gone}</Badge>}
        {binding.shadowed && (
          <Hint text={t.shadowedHelp}>
            <button type="button" className="rounded">
              <Badge tone="warn">{t.shadowed}</Badge>
            </button>
          </Hint>
        )}
      </span>
      <span className="block truncate text-xs text-muted">
        {t.kind[binding.kind]}
        {binding.aliases.length > 0 && ` · ${t.aliases}: ${binding.aliases.join(", ")}`}
      </span>
    </>
  );
}

type MenuProps = { binding: BindingView; server: ServerDetails; save: SaveBindings; edit: () => void };

function BindingMenu({ binding, server, save, edit }: MenuProps) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const at = server.bindings.findIndex((one) => one.id === binding.id);
  const move = (by: -1 | 1) => void save((all) => swapped(all, at, at + by));
  return (
    <Menu
      label={`${common.actions}: ${binding.name}`}
      items={[
        { label: t.editBinding, onSelect: edit },
        { label: t.moveUp, onSelect: () => move(-1), disabled: at === 0 },
        { label: t.moveDown, onSelect: () => move(1), disabled: at === server.bindings.length - 1 },
        "line",
        {
          label: common.remove,
          danger: true,
          onSelect: () => void save((all) => all.filter((one) => one.id !== binding.id)),
        },
      ]}
    />
  );
}

function swapped<T>(items: T[], one: number, other: number): T[] {
  const next = [...items];
  [next[one], next[other]] = [next[other] as T, next[one] as T];
  return next;
}
