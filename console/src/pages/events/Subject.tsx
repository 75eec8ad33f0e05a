import type { EventView } from "@/api/schema";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { useTexts } from "@/lib/i18n";
import { eventTexts } from "./texts";

const ROOMS: Record<string, string> = {
  upstream: "upstreams",
  tool: "tools",
  prompt: "prompts",
  resource: "resources",
  resource_template: "resources",
  server: "servers",
  token: "tokens",
};

/** What it happened to, as a link while it is there; what was removed has no page any more. */
export function Subject({ event }: { event: EventView }) {
  const { kind, id, name } = event.subject;
  const words = name || id;
  if (!words) return <span className="text-faint">–</span>;
  const room = ROOMS[kind];
  const isGone = event.kind.endsWith(".removed");
  if (!room || isGone || (!id && !event.upstream)) return <>{words}</>;
  // Many at once have no id of their own: their upstream has them all.
  const to = id ? `/${room}/${id}` : `/upstreams/${event.upstream}`;
  return (
    <RouteLink to={to} className={linkStyle}>
      {words}
    </RouteLink>
  );
}

/** A kind in words: `upstream.down` is "Down". */
export function useKindWords(): (kind: string) => string {
  const t = useTexts(eventTexts);
  return (kind) => {
    const what = kind.slice(kind.indexOf(".") + 1) as keyof typeof t.kinds;
    return t.kinds[what] ?? kind;
  };
}
