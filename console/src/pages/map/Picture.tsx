import { useMemo, useState } from "react";
import { RouteLink } from "@/components/RouteLink";
import { Status } from "@/components/Status";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import {
  along,
  type Drawing,
  drawing,
  type Link,
  middle,
  NODE,
  type Node,
  type Path,
  width,
} from "./drawing";
import { mapTexts } from "./texts";

const FAILING = 0.1;
type Props = { nodes: Node[]; paths: Path[] };
type Shown = { made: Drawing; lit: ReadonlySet<string> | null };

/** Three columns with curves between them. What is pointed at, or focused, lights up all paths through it. */
export function Picture({ nodes, paths }: Props) {
  const t = useTexts(mapTexts);
  const [active, setActive] = useState<string | null>(null);
  const made = useMemo(() => drawing(nodes, paths), [nodes, paths]);
  const lit = useMemo(() => (active ? along(paths, active) : null), [paths, active]);
  const column = (name: keyof Drawing["columns"], title: string) => (
    <div className="min-w-0">
      <p className="mb-2 truncate text-xs font-medium text-muted">
        {title} <span className="tabular text-faint">{made.columns[name].length}</span>
      </p>
      <ul aria-label={title} className="relative" style={{ height: made.height }}>
        {made.columns[name].map((node) => (
          <li key={node.id} className="absolute inset-x-0" style={{ top: node.y, height: NODE }}>
            <Box node={node} dim={lit !== null && !lit.has(node.id)} onActive={setActive} />
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <div role="group" aria-label={t.picture}>
      <div className="grid grid-cols-[minmax(0,13rem)_minmax(3rem,1fr)_minmax(0,14rem)_minmax(3rem,1fr)_minmax(0,15rem)]">
        {column("client", t.clients)}
        <Lines links={made.links.left} from="client" to="server" made={made} lit={lit} />
        {column("server", t.servers)}
        <Lines links={made.links.right} from="server" to="upstream" made={made} lit={lit} />
        {column("upstream", t.upstreams)}
      </div>
      <Legend />
    </div>
  );
}

function Box({ node, dim, onActive }: { node: Node; dim: boolean; onActive: (id: string | null) => void }) {
  const t = useTexts(mapTexts);
  const { count } = useFormats();
  const to = node.to ?? "/calls";
  const search = node.column === "client" && node.id !== "c:" ? { client: node.name } : undefined;
  return (
    <RouteLink
      to={to}
      search={search}
      onMouseEnter={() => onActive(node.id)}
      onMouseLeave={() => onActive(null)}
      onFocus={() => onActive(node.id)}
      onBlur={() => onActive(null)}
      className={cn(
        "flex h-full items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm transition-opacity hover:border-accent",
        dim && "opacity-35",
        node.state === "down" && "border-bad",
      )}
    >
      {node.state && <Status state={node.state} hideWord />}
      <span className="min-w-0 flex-1 truncate">{node.name}</span>
      {node.calls > 0 && (
        <span className="tabular text-xs text-muted">
          {count(node.calls)}
          <span className="sr-only"> {t.nodeWords(count(node.errors))}</span>
        </span>
      )}
    </RouteLink>
  );
}

type LinesProps = Shown & { links: Link[]; from: keyof Drawing["columns"]; to: keyof Drawing["columns"] };

function Lines({ links, from, to, made, lit }: LinesProps) {
  const { height, most, columns } = made;
  const find = (column: typeof from, id: string) => columns[column].find((one) => one.id === id);
  const isLit = (one: Link) => lit === null || (lit.has(one.from) && lit.has(one.to));
  // Thin and unlit ones are drawn first, so that the others lie above them.
  const ordered = links.toSorted((a, b) => Number(isLit(a)) - Number(isLit(b)) || a.calls - b.calls);
  return (
    <svg
      viewBox={`0 0 100 ${height}`}
      preserveAspectRatio="none"
      aria-hidden
      className="mt-6 w-full overflow-visible"
      style={{ height }}
    >
      {ordered.map((one) => {
        const [start, end] = [middle(find(from, one.from)), middle(find(to, one.to))];
        const isDown = find(to, one.to)?.state === "down";
        return (
          <path
            key={one.key}
            d={`M0 ${start} C50 ${start} 50 ${end} 100 ${end}`}
            fill="none"
            vectorEffect="non-scaling-stroke"
            strokeWidth={width(one.calls, most)}
            strokeDasharray={one.calls === 0 ? "3 4" : isDown ? "8 4" : undefined}
            className={cn(
              "transition-opacity",
              colour(one, isDown),
              isLit(one) ? (one.calls ? "opacity-60" : "opacity-80") : "opacity-8",
            )}
          />
        );
      })}
    </svg>
  );
}

function colour({ calls, errors }: Link, isDown: boolean): string {
  if (isDown) return "stroke-bad";
  if (!calls) return "stroke-line-strong";
  return errors / calls >= FAILING ? "stroke-chart-4" : "stroke-chart-1";
}

function Legend() {
  const t = useTexts(mapTexts);
  const entries = [
    ["stroke-chart-1", "", 5, t.wide],
    ["stroke-chart-4", "", 3, t.failing],
    ["stroke-bad", "8 4", 3, t.down],
    ["stroke-line-strong", "3 4", 1, t.idle],
  ] as const;
  return (
    <ul aria-label={t.legend} className="mt-5 flex flex-wrap gap-x-5 gap-y-1.5 text-xs text-muted">
      {entries.map(([colours, dash, wide, words]) => (
        <li key={words} className="inline-flex items-center gap-2">
          <svg viewBox="0 0 28 8" className="h-2 w-7" aria-hidden>
            <line
              x1="0"
              x2="28"
              y1="4"
              y2="4"
              strokeWidth={wide}
              strokeDasharray={dash}
              className={colours}
            />
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}
