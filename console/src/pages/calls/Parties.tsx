import type { CallView } from "@/api/schema";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "./texts";

/** Links to those that had to do with a call. */
export function CallerLink({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const { id, kind, name } = call.principal;
  if (kind === "token") return <Linked to={`/tokens/${id}`}>{name || id}</Linked>;
  if (kind === "user") return <Linked to={`/users/${id}`}>{name || id}</Linked>;
  return <>{kind === "anonymous" ? t.kinds.anonymous : name || id}</>;
}

export function ServerLink({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  if (!call.server) return <span className="text-muted">{t.noServer}</span>;
  // What A2A clients call has the agent in the server's place.
  const room = isAgent(call) ? "agents" : "servers";
  return <Linked to={`/${room}/${call.server.id}`}>{call.server.name}</Linked>;
}

export function UpstreamLink({ call }: { call: CallView }) {
  if (!call.upstream) return <span className="text-faint">–</span>;
  const room = isAgent(call) ? "agents" : "upstreams";
  return <Linked to={`/${room}/${call.upstream.id}`}>{call.upstream.name}</Linked>;
}

export function clientWords(call: CallView): string {
  return [call.client.name, call.client.version].filter(Boolean).join(" ");
}

function isAgent(call: CallView): boolean {
  return call.server !== null && call.server.id === call.upstream?.id;
}

function Linked({ to, children }: { to: string; children: string }) {
  return (
    <RouteLink to={to} className={linkStyle}>
      {children}
    </RouteLink>
  );
}
