import type { ReactNode } from "react";
import type { CallDetails } from "@/api/schema";
import { Mono } from "@/components/Code";
import { CopyButton } from "@/components/Copy";
import { Facts, Section } from "@/components/Page";
import { useTeams } from "@/components/pickers";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { CallerLink, clientWords, ServerLink, UpstreamLink } from "./Parties";
import { callTexts } from "./texts";
import { useUserName } from "./useUserName";

type Props = { call: CallDetails };
type Fact = [ReactNode, ReactNode];

export function Who({ call }: Props) {
  const t = useTexts(callTexts);
  const { principal, client } = call;
  const kind = t.kinds[principal.kind as keyof typeof t.kinds] ?? principal.kind;
  const era = client.era === "legacy" || client.era === "modern" ? t.eras[client.era] : undefined;
  const items: (Fact | false)[] = [
    [kind, <CallerLink key="caller" call={call} />],
    principal.user !== null &&
      principal.user !== principal.id && [t.user, <UserLink key="user" id={principal.user} />],
    principal.team !== null && [t.team, <TeamLink key="team" id={principal.team} />],
    [t.client, clientWords(call) || t.unnamedClient],
    era !== undefined && [t.speaks, era],
  ];
  return (
    <Section title={t.who}>
      <Facts items={items.filter((one) => one !== false)} />
    </Section>
  );
}

export function Asked({ call }: Props) {
  const t = useTexts(callTexts);
  const items: Fact[] = [
    [t.server, <ServerLink key="server" call={call} />],
    [t.advertised, call.name ? <Mono key="name">{call.name}</Mono> : "–"],
    [t.upstream, <UpstreamLink key="upstream" call={call} />],
    [t.original, call.original ? <Mono key="original">{call.original}</Mono> : "–"],
    [t.method, <Mono key="method">{call.method}</Mono>],
  ];
  return (
    <Section title={t.asked}>
      <Facts items={items} />
    </Section>
  );
}

export function Traffic({ call }: Props) {
  const t = useTexts(callTexts);
  const { bytes, number } = useFormats();
  const items: (Fact | false)[] = [
    [t.bytesIn, bytes(call.bytes_in)],
    [t.bytesOut, bytes(call.bytes_out)],
    [t.tokens, t.about4(number(call.tokens))],
    call.trace_id !== null && [t.trace, <Copied key="trace" text={call.trace_id} />],
    [t.id, <Copied key="id" text={call.id} />],
  ];
  return (
    <Section title={t.traffic}>
      <Facts items={items.filter((one) => one !== false)} />
    </Section>
  );
}

function Copied({ text }: { text: string }) {
  const common = useCommonTexts();
  return (
    <span className="-my-1.5 flex items-center gap-1">
      <Mono className="min-w-0 truncate">{text}</Mono>
      <CopyButton text={text} label={common.copy} />
    </span>
  );
}

function TeamLink({ id }: { id: string }) {
  const team = useTeams().data?.find((one) => one.id === id);
  return (
    <RouteLink to={`/teams/${id}`} className={linkStyle}>
      {team?.name ?? id}
    </RouteLink>
  );
}

function UserLink({ id }: { id: string }) {
  const email = useUserName(id);
  return (
    <RouteLink to={`/users/${id}`} className={linkStyle}>
      {email}
    </RouteLink>
  );
}
