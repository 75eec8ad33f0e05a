import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { RecordView } from "@/api/schema";
import { Mono } from "@/components/Code";
import { Diff } from "@/components/Diff";
import { Overlay } from "@/components/Overlay";
import { Facts } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { OutcomeBadge } from "./AuditPage";
import { texts } from "./texts";

/** One record, with what stood there before and after. */
export function RecordSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTexts(texts);
  const query = useQuery({
    queryKey: ["audit", "one", id],
    queryFn: () => ask(api.GET("/audit/{id}", { params: { path: { id } } })),
  });
  return (
    <Overlay
      open
      onClose={onClose}
      kind="sheet"
      wide
      title={query.data ? t.record(query.data.number) : t.title}
    >
      {query.error && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.isLoading && <SkeletonLines />}
      {query.data && <Known record={query.data} />}
    </Overlay>
  );
}

function Known({ record }: { record: RecordView }) {
  const t = useTexts(texts);
  const formats = useFormats();
  const changed = (record.before !== null || record.after !== null) && record.outcome === "done";
  return (
    <div className="space-y-5">
      <Facts
        items={[
          [t.action, <Mono key="action">{record.action}</Mono>],
          [t.outcome, <OutcomeBadge key="outcome" record={record} />],
          ...(record.reason ? ([[t.reason, record.reason]] as [string, string][]) : []),
          [
            t.resource,
            [record.resource.kind, record.resource.name || record.resource.id].filter(Boolean).join(" "),
          ],
          [t.actor, `${record.actor.name || t.nobody} (${record.actor.kind})`],
          [t.when, formats.exact(record.at)],
          [t.from, record.address ?? "–"],
          [t.session, record.session ?? "–"],
          [t.request, <Mono key="request">{record.request_id ?? "–"}</Mono>],
          [t.previous, <Digest key="previous" text={record.previous} />],
          [t.digest, <Digest key="digest" text={record.digest} />],
        ]}
      />
      {changed && (
        <section>
          <h3 className="mb-2 text-sm font-semibold">{t.change}</h3>
          <Diff label={t.change} before={lines(record.before)} after={lines(record.after)} />
        </section>
      )}
    </div>
  );
}

function Digest({ text }: { text: string }) {
  return <Mono className="break-all">{text}</Mono>;
}

function lines(value: unknown): string {
  return value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
}
