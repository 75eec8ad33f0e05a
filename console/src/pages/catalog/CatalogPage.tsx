import { useNavigate } from "@tanstack/react-router";
import { Copy, FileText, MessageSquareText, Plus, Wrench } from "lucide-react";
import { useMemo, useState } from "react";
import { useList } from "@/api/queries";
import type { CapabilityView } from "@/api/schema";
import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { useColumns } from "./columns";
import { Facets, useWanted } from "./Facets";
import { ManyBar } from "./ManyBar";
import { SHELVES, type Shelf, type ShelfName } from "./shelves";
import { catalogTexts } from "./texts";
import { useDuplicates } from "./useDuplicates";

const SIGNS = { tools: Wrench, prompts: MessageSquareText, resources: FileText };
const PAGE = 200;

/** Tools, prompts or resources: found, filtered, tagged, switched on and off. */
export function CatalogPage({ name }: { name: ShelfName }) {
  const texts = useTexts(catalogTexts);
  const shelf = SHELVES[name];
  const { can } = useSession();
  return (
    <Page title={texts.list[name]} about={texts.about[name]} actions={<PageActions name={name} />}>
      <Facets shelf={shelf} />
      <Rows shelf={shelf} canWrite={can(shelf.write)} />
    </Page>
  );
}

function PageActions({ name }: { name: ShelfName }) {
  const texts = useTexts(catalogTexts);
  const { can } = useSession();
  if (name === "tools") {
    return (
      <RouteLink to="/duplicates" className={buttonStyle({})}>
        <Copy aria-hidden />
        {texts.duplicates}
      </RouteLink>
    );
  }
  if (!can(SHELVES[name].write)) return null;
  return (
    <RouteLink to={`/${name}/new`} className={buttonStyle({ kind: "primary" })}>
      <Plus aria-hidden />
      {name === "prompts" ? texts.newPrompt : texts.newResource}
    </RouteLink>
  );
}

function Rows({ shelf, canWrite }: { shelf: Shelf; canWrite: boolean }) {
  const texts = useTexts(catalogTexts);
  const navigate = useNavigate();
  const wanted = useWanted();
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const list = useList([shelf.name, "list", wanted], (cursor) =>
    shelf.list({ ...wanted, cursor, limit: PAGE }),
  );
  const duplicates = useDuplicates(shelf.name === "tools");
  const { gone } = useRemoval();
  const rows = list.items.filter((one) => !gone.has(one.id));
  const columns = useColumns(shelf, canWrite, duplicates);
  const names = useMemo(() => new Map(list.items.map((one) => [one.id, one.name])), [list.items]);
  const selection = {
    chosen,
    onChange: setChosen,
    label: (id: string) => texts.select(names.get(id) ?? id),
  };
  return (
    <>
      {canWrite && <ManyBar shelf={shelf} chosen={chosen} clear={() => setChosen(new Set())} />}
      <Section flush>
        <DataTable<CapabilityView>
          label={texts.list[shelf.name]}
          columns={columns}
          rows={rows}
          rowKey={(one) => one.id}
          rowHeight={56}
          onOpen={(one) => void navigate({ to: `/${shelf.name}/${one.id}` as never })}
          isLoading={list.isLoading}
          error={list.error}
          retry={() => void list.refetch()}
          hasMore={list.hasMore}
          more={list.more}
          selection={canWrite ? selection : undefined}
          empty={<Nothing name={shelf.name} />}
        />
      </Section>
    </>
  );
}

function Nothing({ name }: { name: ShelfName }) {
  const texts = useTexts(catalogTexts);
  const common = useCommonTexts();
  const { can } = useSession();
  const [url] = useUrl();
  const filtered = Object.values(url).some(Boolean);
  if (filtered) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  const add = can("upstream.write") && (
    <RouteLink to="/upstreams/new" className={buttonStyle({ kind: "primary" })}>
      {texts.addUpstream}
    </RouteLink>
  );
  return (
    <Empty sign={SIGNS[name]} title={texts.empty[name]} action={add}>
      {texts.emptyHint[name]}
    </Empty>
  );
}
