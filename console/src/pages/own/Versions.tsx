import { useQuery } from "@tanstack/react-query";
import { useChange } from "@/api/queries";
import type { CapabilityView, VersionView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { JsonCode } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Block } from "../catalog/playground/Blocks";
import type { OwnShelf } from "./shelves";
import { ownTexts } from "./texts";

/** All that it was: who changed it, how each version differs, and the way back. */
export function Versions({ one, shelf }: { one: CapabilityView; shelf: OwnShelf }) {
  const texts = useTexts(ownTexts).versions;
  const [chosen, choose] = useUrlState("version");
  const query = useQuery({
    queryKey: [shelf.name, one.id, "versions"],
    queryFn: () => shelf.versions(one.id),
  });
  const rows = query.data?.items ?? [];
  const here = rows.find((each) => String(each.version) === chosen);
  return (
    <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
      <Section flush title={texts.title}>
        <DataTable
          label={texts.title}
          columns={useColumns(choose)}
          rows={rows}
          rowKey={(each) => String(each.version)}
          onOpen={(each) => choose(String(each.version))}
          isLoading={query.isLoading}
          error={query.error}
          retry={() => void query.refetch()}
          empty={null}
        />
      </Section>
      {here ? (
        <Compared key={here.version} one={one} shelf={shelf} version={here} />
      ) : (
        <p className="px-1 py-3 text-sm text-muted">{texts.choose}</p>
      )}
    </div>
  );
}

function useColumns(choose: (version: string) => void): Column<VersionView>[] {
  const texts = useTexts(ownTexts).versions;
  return [
    {
      id: "version",
      header: texts.version,
      width: "6.5rem",
      cell: (one) => (
        <span className="flex items-center gap-2">
          <button
            type="button"
            data-row
            aria-label={texts.show(one.version)}
            onClick={() => choose(String(one.version))}
            className="tabular min-h-6 min-w-6 rounded text-left font-medium hover:underline"
          >
            {one.version}
          </button>
          {one.current && <Badge tone="ok">{texts.current}</Badge>}
        </span>
      ),
    },
    {
      id: "note",
      header: texts.note,
      width: "minmax(0, 2fr)",
      cell: (one) => (
        <span className="block truncate text-muted">
          {one.note || (one.restored_from ? texts.restoredFrom(one.restored_from) : "–")}
        </span>
      ),
    },
    {
      id: "author",
      header: texts.author,
      width: "minmax(5rem, 1fr)",
      from: "sm",
      cell: (one) => <span className="block truncate">{one.author.name}</span>,
    },
    {
      id: "made",
      header: texts.made,
      width: "7rem",
      align: "right",
      cell: (one) => <Time at={one.created_at} />,
    },
  ];
}

function Compared({ one, shelf, version }: { one: CapabilityView; shelf: OwnShelf; version: VersionView }) {
  const texts = useTexts(ownTexts).versions;
  const { can } = useSession();
  const number = version.version;
  const diff = useQuery({
    queryKey: [shelf.name, one.id, "versions", number, "diff"],
    queryFn: () => shelf.diff(one.id, number),
    enabled: !version.current,
  });
  const restore = useChange(() => shelf.restore(one.id, number), {
    done: texts.restored(number),
    affects: [[shelf.name]],
  });
  const mayRestore = !version.current && can(shelf.name === "prompts" ? "prompt.write" : "resource.write");
  return (
    <div className="min-w-0 space-y-4">
      {!version.current && (
        <Section
          title={texts.compare(number)}
          actions={
            mayRestore && (
              <Button busy={restore.isPending} onClick={() => restore.mutate()}>
                {texts.restore(number)}
              </Button>
            )
          }
        >
          {diff.error && <Failed error={diff.error} retry={() => void diff.refetch()} />}
          {diff.isLoading && <SkeletonLines />}
          {diff.data &&
            (diff.data.identical ? (
              <p className="text-sm text-muted">{texts.identical}</p>
            ) : (
              <Unified text={diff.data.diff} label={texts.compare(number)} />
            ))}
        </Section>
      )}
      <Kept one={one} shelf={shelf} number={number} />
    </div>
  );
}

function Kept({ one, shelf, number }: { one: CapabilityView; shelf: OwnShelf; number: number }) {
  const texts = useTexts(ownTexts).versions;
  const query = useQuery({
    queryKey: [shelf.name, one.id, "versions", number],
    queryFn: () => shelf.version(one.id, number),
  });
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonLines />;
  const { blob, source } = query.data;
  const type = String(source.mime_type ?? "application/octet-stream");
  return (
    <div className="space-y-3">
      {blob !== undefined && <Block block={{ type: "image", data: blob, mimeType: type }} at={0} />}
      <JsonCode value={source} title={texts.content(number)} />
    </div>
  );
}

/** A unified diff; its signs say what its colours do. */
function Unified({ text, label }: { text: string; label: string }) {
  return (
    <div
      role="group"
      aria-label={label}
      tabIndex={0}
      className="max-h-112 overflow-auto rounded-md border border-line bg-sunken py-1.5 font-mono text-xs leading-5"
    >
      {text.split("\n").map((line, at) => (
        <div
          key={at}
          className={cn(
            "min-w-max px-3 whitespace-pre",
            line.startsWith("+") && "bg-ok-soft text-ok",
            line.startsWith("-") && "bg-bad-soft text-bad",
            line.startsWith("@@") && "text-faint",
          )}
        >
          {line || " "}
        </div>
      ))}
    </div>
  );
}
