import type { State } from "@/components/Status";

export type Column = "client" | "server" | "upstream";
export type Node = {
  id: string;
  column: Column;
  name: string;
  to?: string;
  state?: State;
  calls: number;
  errors: number;
};
/** One way that calls take, or could: through a virtual server to an MCP server. What has no client was not called. */
export type Path = { client?: string; server?: string; upstream?: string; calls: number; errors: number };
export type Link = { key: string; from: string; to: string; calls: number; errors: number };
type Placed = Node & { y: number };
export type Drawing = {
  columns: Record<Column, Placed[]>;
  links: { left: Link[]; right: Link[] };
  height: number;
  most: number;
};

export const NODE = 34;
const GAP = 8;
const ORDER: Column[] = ["client", "server", "upstream"];

/** Where everything stands: three columns in an order that lets few lines cross. What is linked stands around one middle, the rest below. */
export function drawing(nodes: Node[], paths: Path[]): Drawing {
  const left = linked(paths, "client", "server");
  const right = linked(paths, "server", "upstream");
  const of = (column: Column) => nodes.filter((one) => one.column === column).toSorted(byCalls);
  const servers = of("server");
  const ordered = {
    client: nearest(of("client"), left, servers, "to"),
    server: servers,
    upstream: nearest(of("upstream"), right, servers, "from"),
  };
  const ends = new Set([...left, ...right].flatMap((one) => [one.from, one.to]));
  const linkedOf = (column: Column) => ordered[column].filter((one) => ends.has(one.id));
  const body = Math.max(...ORDER.map((one) => tall(linkedOf(one).length)));
  const put = (column: Column) => {
    const rest = ordered[column].filter((one) => !ends.has(one.id));
    return placed([...linkedOf(column), ...rest], (body - tall(linkedOf(column).length)) / 2);
  };
  const columns = Object.fromEntries(ORDER.map((one) => [one, put(one)])) as Drawing["columns"];
  const height = Math.max(...ORDER.map((one) => (columns[one].at(-1)?.y ?? 0) + NODE));
  const most = Math.max(1, ...[...left, ...right].map((one) => one.calls));
  return { columns, links: { left, right }, height, most };
}

/** The ids of the nodes on all paths through one of them. */
export function along(paths: Path[], id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (const path of paths) {
    const ids = [path.client, path.server, path.upstream];
    if (ids.includes(id)) for (const one of ids) if (one) found.add(one);
  }
  return found;
}

/** The middle of a node, from the top. */
export function middle(node: Placed | undefined): number {
  return (node?.y ?? 0) + NODE / 2;
}

/** How wide a line is: by the root of its calls, so that few are still seen beside many. */
export function width(calls: number, most: number): number {
  return calls ? 1.5 + 8 * Math.sqrt(calls / most) : 1;
}

function linked(paths: Path[], from: Column, to: Column): Link[] {
  const found = new Map<string, Link>();
  for (const path of paths) {
    const [a, b] = [path[from], path[to]];
    if (!a || !b) continue;
    const key = `${a}>${b}`;
    const link = found.get(key) ?? { key, from: a, to: b, calls: 0, errors: 0 };
    found.set(key, { ...link, calls: link.calls + path.calls, errors: link.errors + path.errors });
  }
  return [...found.values()];
}

/** Each near the middle of what it is linked with. */
function nearest(nodes: Node[], links: Link[], servers: Node[], end: "from" | "to"): Node[] {
  const own = end === "to" ? "from" : "to";
  const place = (node: Node) => {
    const at = links
      .filter((one) => one[own] === node.id)
      .map((one) => servers.findIndex((server) => server.id === one[end]));
    return at.length ? at.reduce((sum, one) => sum + one, 0) / at.length : Number.MAX_SAFE_INTEGER;
  };
  const places = new Map(nodes.map((one) => [one.id, place(one)]));
  return nodes.toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0) || byCalls(a, b));
}

function placed(nodes: Node[], from: number): Placed[] {
  return nodes.map((node, at) => ({ ...node, y: from + at * (NODE + GAP) }));
}

function tall(count: number): number {
  return Math.max(NODE, count * (NODE + GAP) - GAP);
}

function byCalls(a: Node, b: Node): number {
  return b.calls - a.calls || a.name.localeCompare(b.name);
}
