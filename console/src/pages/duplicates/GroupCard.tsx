import { GitCompare, Star } from "lucide-react";
import { useState } from "react";
import type { GroupView, MemberView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Facts, Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Time } from "@/components/Time";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useSwitching } from "../catalog/ManyBar";
import { SHELVES } from "../catalog/shelves";
import { Comparison } from "./Comparison";
import { duplicateTexts } from "./texts";
import { useJudging } from "./useVerdicts";

const MOST = 6;

/** Tools that do the same: side by side, with who uses which, and what may be said of them. */
export function GroupCard({ group }: { group: GroupView }) {
  const texts = useTexts(duplicateTexts);
  const formats = useFormats();
  const { can } = useSession();
  const [all, setAll] = useState(false);
  const [comparing, setComparing] = useState(false);
  const shown = all ? group.members : group.members.slice(0, MOST);
  const title = (
    <span className="flex flex-wrap items-center gap-2">
      {texts.group(group.members.length)}
      <Badge tone={group.score >= 0.9 ? "warn" : "plain"}>{texts.score(formats.percent(group.score))}</Badge>
      <Said group={group} />
    </span>
  );
  return (
    <Section title={title} about={group.reason} actions={can("tool.write") && <Verdicts group={group} />}>
      <div className={cn("grid gap-3 sm:grid-cols-2", group.members.length > 2 && "xl:grid-cols-3")}>
        {shown.map((one) => (
          <Member key={one.id} one={one} group={group} />
        ))}
      </div>
      <div className="mt-3 flex flex-wrap gap-2">
        <Button size="small" aria-expanded={comparing} onClick={() => setComparing(!comparing)}>
          <GitCompare aria-hidden />
          {comparing ? texts.hide : texts.compare}
        </Button>
        {shown.length < group.members.length && (
          <Button size="small" onClick={() => setAll(true)}>
            {texts.more(group.members.length - shown.length)}
          </Button>
        )}
        {can("tool.write") && <OthersOff group={group} />}
      </div>
      {comparing && <Comparison members={shown} />}
    </Section>
  );
}

function Said({ group }: { group: GroupView }) {
  const texts = useTexts(duplicateTexts).said;
  const { verdict } = group;
  if (!verdict) return null;
  const kept = verdict.tools.find((one) => one.id === verdict.keep)?.handle ?? "";
  const words =
    verdict.verdict === "keep" ? texts.keep(verdict.by_name, kept) : texts[verdict.verdict](verdict.by_name);
  return <Badge tone="accent">{words}</Badge>;
}

function Verdicts({ group }: { group: GroupView }) {
  const texts = useTexts(duplicateTexts);
  const { say, back, busy } = useJudging();
  const tools = group.members.map((one) => one.id);
  const { verdict } = group;
  if (verdict) {
    return (
      <Button size="small" disabled={busy} onClick={() => back(verdict.id)}>
        {texts.undo}
      </Button>
    );
  }
  return (
    <span className="flex flex-wrap gap-2">
      <Button size="small" disabled={busy} onClick={() => say({ tools, verdict: "same" })}>
        {texts.same}
      </Button>
      <Button size="small" disabled={busy} onClick={() => say({ tools, verdict: "different" })}>
        {texts.different}
      </Button>
    </span>
  );
}

/** Once it is said which one to use, the rest can go out of agents' sight. */
function OthersOff({ group }: { group: GroupView }) {
  const texts = useTexts(duplicateTexts);
  const { flip, flipping } = useSwitching(SHELVES.tools);
  const keep = group.verdict?.keep;
  if (!keep) return null;
  const ids = group.members.map((one) => one.id).filter((id) => id !== keep);
  return (
    <Button size="small" busy={flipping} onClick={() => flip({ ids, enabled: false })}>
      {texts.switchOff}
    </Button>
  );
}

function Member({ one, group }: { one: MemberView; group: GroupView }) {
  const texts = useTexts(duplicateTexts);
  const { can } = useSession();
  const { say, busy } = useJudging();
  const tools = group.members.map((each) => each.id);
  return (
    <div
      className={cn(
        "flex min-w-0 flex-col gap-2 rounded-md border p-3",
        one.keep ? "border-accent" : "border-line",
      )}
    >
      <div className="flex items-start justify-between gap-2">
        <h3 className="min-w-0 text-sm">
          <RouteLink
            to={`/tools/${one.id}`}
            className="font-mono text-[0.8125rem] font-medium break-all hover:underline"
          >
            {one.name}
          </RouteLink>
        </h3>
        {one.keep && (
          <Badge tone="accent">
            <Star aria-hidden />
            {texts.keep}
          </Badge>
        )}
      </div>
      <p className="line-clamp-3 flex-1 text-xs break-words text-muted">
        {one.description?.slice(0, 600) || texts.noDescription}
      </p>
      <Known one={one} />
      {can("tool.write") && !one.keep && (
        <Button
          size="small"
          className="self-start"
          disabled={busy}
          onClick={() => say({ tools, verdict: "keep", keep: one.id })}
        >
          {texts.use}
        </Button>
      )}
    </div>
  );
}

function Known({ one }: { one: MemberView }) {
  const texts = useTexts(duplicateTexts);
  const common = useCommonTexts();
  const formats = useFormats();
  const servers = one.servers.map((server) => (
    <RouteLink key={server.id} to={`/servers/${server.slug}`} className={linkStyle}>
      {server.name}
    </RouteLink>
  ));
  return (
    <Facts
      className="gap-y-2 text-xs"
      items={[
        [
          texts.upstream,
          <RouteLink key="up" to={`/upstreams/${one.upstream.id}`} className={linkStyle}>
            {one.upstream.name}
          </RouteLink>,
        ],
        [
          texts.bound,
          servers.length ? (
            <span key="in" className="flex flex-wrap gap-x-2">
              {servers}
            </span>
          ) : (
            <span key="in" className="text-muted">
              {texts.nowhere}
            </span>
          ),
        ],
        [texts.calls, one.calls === null ? texts.callsUnknown : formats.count(one.calls)],
        [texts.lastUsed, <Time key="last" at={one.last_used_at} fallback={common.never} />],
      ]}
    />
  );
}
