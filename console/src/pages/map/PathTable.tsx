import { useState } from "react";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Status } from "@/components/Status";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import type { Node, Path } from "./drawing";
import { mapTexts } from "./texts";

const FIRST = 15;
type Row = { key: string; client?: Node; server?: Node; upstream?: Node; path: Path };

/** The same as the picture, in words and numbers. */
export function PathTable({ nodes, paths }: { nodes: Node[]; paths: Path[] }) {
  const t = useTexts(mapTexts);
  const common = useCommonTexts();
  const [all, setAll] = useState(false);
  const known = new Map(nodes.map((one) => [one.id, one]));
  const find = (id: string | undefined) => (id ? known.get(id) : undefined);
  const rows = paths.map((path): Row => {
    const { client, server, upstream } = path;
    return {
      key: [client, server, upstream].join(">"),
      client: find(client),
      server: find(server),
      upstream: find(upstream),
      path,
    };
  });
  const shown = all ? rows : rows.slice(0, FIRST);
  return (
    <>
      <DataTable
        label={t.paths}
        columns={useColumns()}
        rows={shown}
        rowKey={(one) => one.key}
        empty={<Empty title={t.empty} />}
      />
      {shown.length < rows.length && (
        <div className="border-t border-line p-2">
          <Button kind="quiet" size="small" onClick={() => setAll(true)}>
            {common.showAll(rows.length)}
          </Button>
        </div>
      )}
    </>
  );
}

function useColumns(): Column<Row>[] {
  const t = useTexts(mapTexts);
  const { count, percent } = useFormats();
  return [
    { id: "path", header: t.path, width: "minmax(0, 3fr)", cell: (one) => <Way row={one} /> },
    {
      id: "state",
      header: t.state,
      width: "9rem",
      from: "sm",
      cell: ({ upstream }) => upstream?.state && <Status state={upstream.state} />,
    },
    { id: "calls", header: t.calls, width: "4.5rem", align: "right", cell: ({ path }) => count(path.calls) },
    {
      id: "errors",
      header: t.errors,
      width: "4rem",
      align: "right",
      cell: ({ path }) => (path.errors ? percent(path.errors / path.calls) : "–"),
    },
  ];
}

function Way({ row }: { row: Row }) {
  const t = useTexts(mapTexts);
  const { client, server, upstream } = row;
  return (
    <>
      <span className="flex min-w-0 items-center gap-1.5">
        {upstream?.state && (
          <span className="sm:hidden">
            <Status state={upstream.state} hideWord />
          </span>
        )}
        <span className="block truncate font-medium">
          {upstream ? <Named node={upstream} /> : <span className="text-muted">{t.refused}</span>}
        </span>
      </span>
      <span className="block truncate text-xs text-muted">
        {[client?.name, server?.name].filter(Boolean).join(" → ")}
      </span>
    </>
  );
}

function Named({ node }: { node: Node }) {
  if (!node.to) return <>{node.name}</>;
  return (
    <RouteLink to={node.to} className="hover:text-accent">
      {node.name}
    </RouteLink>
  );
}
