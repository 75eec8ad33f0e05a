import { useQuery } from "@tanstack/react-query";
import { Folder, Plus } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { RootView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Menu } from "@/components/Menu";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { RootForm } from "./RootForm";
import { texts } from "./texts";
import { useUpstreamNames } from "./useUpstreamNames";

export default function RootsPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [editing, setEditing] = useState<RootView | "new" | null>(null);
  const query = useQuery({ queryKey: ["roots"], queryFn: () => ask(api.GET("/roots")) });
  const add = can("root.write") && (
    <Button kind="primary" onClick={() => setEditing("new")}>
      <Plus aria-hidden />
      {t.add}
    </Button>
  );
  const empty = (
    <Empty sign={Folder} title={t.empty} action={add}>
      {t.emptyWords}
    </Empty>
  );
  return (
    <Page title={t.title} about={t.about} actions={add}>
      <Section flush>
        <DataTable
          label={t.title}
          rows={(query.data?.items ?? []).filter((one) => !gone.has(one.id))}
          columns={useColumns(setEditing)}
          rowKey={(one) => one.id}
          isLoading={query.isLoading}
          error={query.error}
          retry={() => void query.refetch()}
          empty={empty}
        />
      </Section>
      {editing && (
        <RootForm root={editing === "new" ? undefined : editing} onClose={() => setEditing(null)} />
      )}
    </Page>
  );
}

function useColumns(edit: (root: RootView) => void): Column<RootView>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const names = useUpstreamNames();
  const columns: Column<RootView>[] = [
    {
      id: "uri",
      header: t.uri,
      width: "minmax(10rem, 2fr)",
      cell: (one) => <Mono className="block truncate">{one.uri}</Mono>,
    },
    {
      id: "name",
      header: t.name,
      width: "minmax(7rem, 1fr)",
      from: "sm",
      cell: (one) => <span className="block truncate">{one.name || "–"}</span>,
    },
    {
      id: "told",
      header: t.told,
      width: "minmax(8rem, 1.4fr)",
      from: "sm",
      cell: (one) => (
        <span className="block truncate">
          {one.upstreams?.map((id) => names.get(id) ?? id).join(", ") || t.everybody}
        </span>
      ),
    },
  ];
  if (can("root.write")) {
    columns.push({
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2rem",
      align: "right",
      cell: (one) => <RootMenu root={one} edit={() => edit(one)} />,
    });
  }
  return columns;
}

function RootMenu({ root, edit }: { root: RootView; edit: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { remove } = useRemoval();
  const discard = () =>
    remove({
      id: root.id,
      words: common.removed(root.name || root.uri),
      run: () => ask(api.DELETE("/roots/{id}", { params: { path: { id: root.id } } })),
      affects: [["roots"]],
    });
  return (
    <Menu
      label={`${common.actions}: ${root.name || root.uri}`}
      items={[
        { label: t.change, onSelect: edit },
        { label: common.remove, danger: true, onSelect: discard },
      ]}
    />
  );
}
