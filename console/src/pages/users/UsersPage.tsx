import { useNavigate } from "@tanstack/react-router";
import { Plus, UserPlus, Users } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { UserSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { AddUser } from "./AddUser";
import { Invitations } from "./Invitations";
import { InviteForm } from "./InviteForm";
import { texts } from "./texts";

export default function UsersPage() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const [url] = useUrl();
  const [inviting, setInviting] = useUrlState("invite");
  const [adding, setAdding] = useState(false);
  const navigate = useNavigate();
  const list = useList(["users", "list", url.q], (cursor) =>
    ask(api.GET("/users", { params: { query: { q: url.q, cursor, limit: 100 } } })),
  );
  const may = can("user.write");
  const actions = may && (
    <>
      <Button onClick={() => setAdding(true)}>
        <Plus aria-hidden />
        {t.add}
      </Button>
      <Button kind="primary" onClick={() => setInviting("yes")}>
        <UserPlus aria-hidden />
        {t.invite}
      </Button>
    </>
  );
  const empty = url.q ? (
    <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
  ) : (
    <Empty sign={Users} title={t.empty} action={actions}>
      {t.emptyWords}
    </Empty>
  );
  return (
    <Page title={t.title} about={t.about} actions={actions}>
      <Filters search={t.search} names={[]} />
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items}
          columns={useColumns()}
          rowKey={(one) => one.id}
          onOpen={(one) => void navigate({ to: `/users/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={empty}
        />
      </Section>
      {may && <Invitations />}
      <AddUser open={adding} onClose={() => setAdding(false)} />
      <InviteForm open={inviting === "yes"} onClose={() => setInviting("")} />
    </Page>
  );
}

function useColumns(): Column<UserSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  return [
    { id: "person", header: t.person, width: "minmax(10rem, 2fr)", cell: (one) => <Person user={one} /> },
    { id: "state", header: common.state, width: "7rem", cell: (one) => <Active active={one.active} /> },
    { id: "way", header: t.way, width: "minmax(7rem, 1fr)", from: "md", cell: (one) => <WayIn user={one} /> },
    { id: "seen", header: t.lastSeen, width: "8rem", from: "sm", cell: (one) => <Time at={one.seen_at} /> },
    {
      id: "created",
      header: common.created,
      width: "8rem",
      from: "lg",
      cell: (one) => <Time at={one.created_at} />,
    },
  ];
}

function Person({ user }: { user: UserSummary }) {
  return (
    <>
      <RouteLink to={`/users/${user.id}`} className="block truncate font-medium hover:text-accent">
        {user.name}
      </RouteLink>
      <span className="block truncate text-xs text-muted">{user.email}</span>
    </>
  );
}

export function Active({ active }: { active: boolean }) {
  const t = useTexts(texts);
  return active ? <Badge tone="ok">{t.active}</Badge> : <Badge>{t.off}</Badge>;
}

export function WayIn({ user }: { user: UserSummary }) {
  const t = useTexts(texts);
  if (user.has_password) return t.ways.password;
  return user.origin.startsWith("idp_") ? t.ways.provider : t.ways.none;
}
