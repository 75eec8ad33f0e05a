import { useState } from "react";
import type { OfferedView, UpstreamDetails } from "@/api/schema";
import { type Column, DataTable } from "@/components/DataTable";
import { Note } from "@/components/Note";
import { Facts, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Search } from "@/components/Search";
import { Empty } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Remarks } from "./Trial";
import { texts } from "./texts";
import { addressOf } from "./UpstreamsPage";

const SHELVES = {
  tools: "/tools/",
  prompts: "/prompts/",
  resources: "/resources/",
  resource_templates: "/resources/",
} as const;
type Shelf = keyof typeof SHELVES;

/** What it offers, and what it says of itself. */
export function Offers({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [shelf, setShelf] = useUrlState("shelf", "tools");
  const [words, setWords] = useState("");
  const current = (shelf in SHELVES ? shelf : "tools") as Shelf;
  const names: Record<Shelf, string> = {
    tools: common.tools,
    prompts: common.prompts,
    resources: common.resources,
    resource_templates: common.templates,
  };
  const options = (Object.keys(SHELVES) as Shelf[]).map((value) => ({
    value,
    label: `${names[value]} ${upstream[value].length}`,
  }));
  const rows = upstream[current].filter((one) =>
    `${one.name} ${one.title ?? ""} ${one.description ?? ""}`.toLowerCase().includes(words.toLowerCase()),
  );
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
      <Section flush>
        <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
          <Segments label={t.offersTab} value={current} onChange={setShelf} options={options} />
          <Search label={t.searchOffer} value={words} onChange={setWords} className="min-w-40 flex-1" />
        </div>
        <DataTable
          label={names[current]}
          rows={rows}
          columns={useColumns(SHELVES[current])}
          rowKey={(one) => one.id}
          rowHeight={52}
          empty={<Nothing searched={!!words} />}
        />
      </Section>
      <div className="space-y-4">
        <Said upstream={upstream} />
        <Remarks report={upstream} />
      </div>
    </div>
  );
}

function Nothing({ searched }: { searched: boolean }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  return searched ? (
    <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
  ) : (
    <Empty title={t.nothingOffered}>{t.nothingOfferedWords}</Empty>
  );
}

function useColumns(path: string): Column<OfferedView>[] {
  const common = useCommonTexts();
  return [
    {
      id: "name",
      header: common.name,
      width: "minmax(9rem, 1fr)",
      cell: (one) => (
        <>
          <RouteLink to={path + one.id} className="block truncate font-medium hover:text-accent">
            {one.name}
          </RouteLink>
          {one.title && <span className="block truncate text-xs text-muted">{one.title}</span>}
        </>
      ),
    },
    {
      id: "description",
      header: common.description,
      width: "minmax(10rem, 2fr)",
      from: "sm",
      cell: (one) => <span className="line-clamp-2 text-muted">{one.description}</span>,
    },
  ];
}

function Said({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const info = (upstream.server_info ?? {}) as { name?: string; version?: string };
  const { detected } = upstream;
  return (
    <Section title={t.server}>
      <Facts
        items={[
          [common.name, [info.name, info.version].filter(Boolean).join(" ") || "–"],
          [
            t.address,
            <span key="address" className="font-mono text-xs break-all">
              {addressOf(upstream)}
            </span>,
          ],
          [t.transport, t.transports[detected?.transport ?? upstream.transport]],
          [t.version, upstream.protocol_version ?? detected?.protocol_version ?? "–"],
          [t.stateful, detected ? (detected.stateful ? common.yes : common.no) : "–"],
          [t.share, t.shares[upstream.share]],
          [t.credential, upstream.credential ? t.credentials[upstream.credential.type] : t.noCredential],
        ]}
      />
      {upstream.instructions && (
        <Note className="mt-4" title={t.instructions}>
          <p className="max-h-48 overflow-y-auto whitespace-pre-line">{upstream.instructions}</p>
        </Note>
      )}
    </Section>
  );
}
