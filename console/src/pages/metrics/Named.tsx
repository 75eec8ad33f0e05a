import { linkStyle, RouteLink } from "@/components/RouteLink";
import { useTexts } from "@/lib/i18n";
import { callTexts } from "../calls/texts";
import { metricTexts } from "./texts";
import type { By } from "./useFigures";

const ROOMS: Partial<Record<By, string>> = {
  server: "servers",
  upstream: "upstreams",
  user: "users",
  team: "teams",
  token: "tokens",
};
const LISTED: Partial<Record<By, string>> = { tool: "/tools", prompt: "/prompts", resource: "/resources" };

/** What a figure is about, by its name, as a link to it; what has no page of its own leads to its calls. */
export function Named({ by, id, name }: { by: By; id: string; name: string }) {
  const t = useTexts(metricTexts);
  const outcomes: Record<string, string> = useTexts(callTexts).outcomes;
  if (!id) return <span className="text-muted">{t.unnamed}</span>;
  const words = by === "outcome" ? (outcomes[id] ?? id) : name;
  const room = ROOMS[by];
  const listed = LISTED[by];
  if (room) return <Linked to={`/${room}/${id}`} words={words} />;
  if (listed) return <Linked to={listed} search={{ q: id }} words={words} />;
  return <Linked to="/calls" search={{ [by]: id }} words={words} />;
}

function Linked({ to, search, words }: { to: string; search?: Record<string, string>; words: string }) {
  return (
    <RouteLink to={to} search={search} className={linkStyle}>
      {words}
    </RouteLink>
  );
}
