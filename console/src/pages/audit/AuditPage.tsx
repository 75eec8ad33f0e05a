import { Download, Shield } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { RecordView } from "@/api/schema";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Input } from "@/components/Fields";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { downloadFrom } from "@/lib/download";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { RecordSheet } from "./RecordSheet";
import { texts } from "./texts";
import { VerifyButton } from "./VerifyButton";

type Outcome = RecordView["outcome"];
const TONES: Record<Outcome, Tone> = { done: "ok", failed: "warn", refused: "bad" };
const NAMES = ["actor", "action", "resource", "outcome", "since"];

export default function AuditPage() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [url] = useUrl();
  const [open, setOpen] = useUrlState("record");
  const query = {
    actor: url.actor,
    action: url.action,
    resource: url.resource,
    outcome: url.outcome as Outcome | undefined,
    since: url.since,
  };
  const list = useList(["audit", query], (cursor) =>
    ask(api.GET("/audit", { params: { query: { ...query, cursor, limit: 100 } } })),
  );
  const filtered = NAMES.some((name) => url[name]);
  const empty = filtered ? (
    <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
  ) : (
    <Empty sign={Shield} title={t.empty}>
      {t.emptyWords}
    </Empty>
  );
  const actions = (
    <>
      <Button
        onClick={() =>
          void downloadFrom("/audit/export", "audit.jsonl", url.since ? { since: url.since } : {})
        }
      >
        <Download aria-hidden />
        {t.export}
      </Button>
      <VerifyButton />
    </>
  );
  return (
    <Page title={t.title} about={t.about} actions={actions}>
      <AuditFilters />
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items}
          columns={useColumns(setOpen)}
          rowKey={(one) => one.id}
          onOpen={(one) => setOpen(one.id)}
          retry={() => void list.refetch()}
          empty={empty}
        />
      </Section>
      {open && <RecordSheet id={open} onClose={() => setOpen("")} />}
    </Page>
  );
}

function AuditFilters() {
  const t = useTexts(texts);
  return (
    <Filters names={NAMES}>
      <Words name="actor" label={t.actorFilter} />
      <Words name="action" label={t.actionFilter} />
      <Words name="resource" label={t.resourceFilter} />
      <Choice
        name="outcome"
        label={t.anyOutcome}
        options={Object.entries(t.outcomes).map(([value, label]) => ({ value, label }))}
      />
      <Choice
        name="since"
        label={t.since}
        options={Object.entries(t.ranges).map(([value, label]) => ({ value, label }))}
      />
    </Filters>
  );
}

/** A filter of free words, which counts once it is left or Enter is pressed. */
function Words({ name, label }: { name: string; label: string }) {
  const [value, setValue] = useUrlState(name);
  return (
    <Input
      key={value}
      className="w-full sm:w-48"
      aria-label={label}
      placeholder={label}
      defaultValue={value}
      onBlur={(event) => setValue(event.target.value.trim())}
      onKeyDown={(event) => event.key === "Enter" && setValue(event.currentTarget.value.trim())}
    />
  );
}

function useColumns(open: (id: string) => void): Column<RecordView>[] {
  const t = useTexts(texts);
  return [
    { id: "when", header: t.when, width: "minmax(5.5rem, 7rem)", cell: (one) => <Time at={one.at} /> },
    {
      id: "action",
      header: t.action,
      width: "minmax(6rem, 1.2fr)",
      cell: (one) => (
        <button
          type="button"
          data-row
          className="max-w-full truncate rounded font-mono text-xs hover:text-accent"
          onClick={() => open(one.id)}
        >
          {one.action}
        </button>
      ),
    },
    {
      id: "resource",
      header: t.resource,
      width: "minmax(8rem, 1.5fr)",
      from: "sm",
      cell: (one) => <Subject record={one} />,
    },
    {
      id: "actor",
      header: t.actor,
      width: "minmax(7rem, 1fr)",
      from: "md",
      cell: (one) => <span className="block truncate">{one.actor.name || t.nobody}</span>,
    },
    { id: "outcome", header: t.outcome, width: "6.5rem", cell: (one) => <OutcomeBadge record={one} /> },
    {
      id: "from",
      header: t.from,
      width: "8rem",
      from: "xl",
      cell: (one) => <span className="tabular text-muted">{one.address ?? "–"}</span>,
    },
  ];
}

function Subject({ record }: { record: RecordView }) {
  return (
    <span className="block truncate">
      <span className="text-muted">{record.resource.kind}</span> {record.resource.name || record.resource.id}
    </span>
  );
}

export function OutcomeBadge({ record }: { record: RecordView }) {
  const t = useTexts(texts);
  return (
    <Badge tone={TONES[record.outcome]}>
      {t.outcomes[record.outcome]}
      {record.count > 1 && ` × ${record.count}`}
    </Badge>
  );
}
