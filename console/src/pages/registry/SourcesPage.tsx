import { useQuery } from "@tanstack/react-query";
import { Plus, Store } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { SourceView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Menu } from "@/components/Menu";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export default function SourcesPage() {
  const t = useTexts(texts);
  const { gone } = useRemoval();
  const [adding, setAdding] = useState(false);
  const query = useQuery({
    queryKey: ["registry", "sources"],
    queryFn: () => ask(api.GET("/registry/sources")),
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.syncing) ? 1_000 : false),
  });
  const add = (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t.addSource}
    </Button>
  );
  return (
    <Page title={t.sources} about={t.sourcesAbout} back={{ to: "/registry", words: t.back }} actions={add}>
      <Section flush>
        <DataTable
          label={t.sources}
          rows={(query.data?.items ?? []).filter((one) => !gone.has(one.id))}
          columns={useColumns()}
          rowKey={(one) => one.id}
          rowHeight={52}
          isLoading={query.isLoading}
          error={query.error}
          retry={() => void query.refetch()}
          empty={
            <Empty sign={Store} title={t.empty}>
              {t.emptyWords}
            </Empty>
          }
        />
      </Section>
      {adding && <AddSource onClose={() => setAdding(false)} />}
    </Page>
  );
}

function useColumns(): Column<SourceView>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const formats = useFormats();
  return [
    {
      id: "name",
      header: t.sourceName,
      width: "minmax(9rem, 2fr)",
      cell: (one) => (
        <>
          <span className="block truncate font-medium">{one.name}</span>
          <span className="block truncate text-xs text-muted">{one.error ?? one.url}</span>
        </>
      ),
    },
    {
      id: "state",
      header: common.state,
      width: "6rem",
      cell: (one) => (
        <Badge tone={one.error ? "bad" : one.enabled ? "ok" : "plain"}>
          {one.syncing ? t.syncing : one.enabled ? t.on : t.off}
        </Badge>
      ),
    },
    {
      id: "entries",
      header: t.entries,
      width: "5rem",
      align: "right",
      from: "sm",
      cell: (one) => formats.count(one.entries),
    },
    {
      id: "synced",
      header: t.synced,
      width: "8rem",
      from: "md",
      cell: (one) => <Time at={one.synced_at} fallback={t.neverSynced} />,
    },
    {
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2rem",
      align: "right",
      cell: (one) => <SourceMenu source={one} />,
    },
  ];
}

function SourceMenu({ source }: { source: SourceView }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { remove } = useRemoval();
  const path = { params: { path: { source: source.id } } };
  const after = { affects: [["registry"]] };
  const sync = useChange(() => ask(api.POST("/registry/sources/{source}/sync", { ...path, body: {} })), {
    ...after,
    done: t.synced,
  });
  const toggle = useChange(
    () => ask(api.PATCH("/registry/sources/{source}", { ...path, body: { enabled: !source.enabled } })),
    { ...after, done: common.saved },
  );
  const discard = () =>
    remove({
      id: source.id,
      words: common.removed(source.name),
      run: () => ask(api.DELETE("/registry/sources/{source}", path)),
      affects: [["registry"]],
    });
  return (
    <Menu
      label={`${common.actions}: ${source.name}`}
      items={[
        { label: t.sync, onSelect: () => sync.mutate(), disabled: !source.url },
        { label: source.enabled ? t.off : t.on, onSelect: () => toggle.mutate() },
        "line",
        { label: common.remove, danger: true, onSelect: discard },
      ]}
    />
  );
}

function AddSource({ onClose }: { onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [token, setToken] = useState("");
  const add = useChange(
    () => ask(api.POST("/registry/sources", { body: { name, url, token: token || null } })),
    {
      affects: [["registry"]],
      quiet: true,
    },
  );
  return (
    <FormOverlay
      open
      onClose={onClose}
      title={t.addSource}
      action={common.add}
      onSubmit={() => add.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.sourceName} error={field("name")}>
            {(wiring) => (
              <Input {...wiring} required value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <Field label={t.sourceUrl} help={t.sourceUrlHelp} error={field("url")}>
            {(wiring) => (
              <Input
                {...wiring}
                required
                type="url"
                value={url}
                onChange={(event) => setUrl(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.sourceToken} required={false} error={field("token")}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                type="password"
                autoComplete="new-password"
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
