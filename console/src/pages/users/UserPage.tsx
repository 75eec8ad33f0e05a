import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { UserDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button, buttonStyle } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { Note } from "@/components/Note";
import { Facts, Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { DeleteUser } from "./DeleteUser";
import { EditUser } from "./EditUser";
import { LinkShown, type MadeLink } from "./LinkShown";
import { SessionsOfUser } from "./SessionsOfUser";
import { TeamsAndRoles } from "./TeamsAndRoles";
import { texts } from "./texts";
import { Active, WayIn } from "./UsersPage";

export default function UserPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["users", id],
    queryFn: () => ask(api.GET("/users/{id}", { params: { path: { id } } })),
  });
  const back = { to: "/users", words: t.back };
  if (query.data) return <Known user={query.data} />;
  return (
    <Page title={t.title} back={back}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  return (
    <Page
      title={user.name}
      beside={<Active active={user.active} />}
      about={user.email}
      back={{ to: "/users", words: t.back }}
      actions={can("user.write") && <Actions user={user} />}
    >
      {!user.active && <Note className="mb-4">{t.switchedOff}</Note>}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Account user={user} />
        <div className="space-y-4">
          <TeamsAndRoles user={user} />
          <SessionsOfUser user={user} />
        </div>
      </div>
    </Page>
  );
}

function Account({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const links = (
    <>
      <RouteLink to="/explain" search={{ principal: user.email }} className={buttonStyle({ size: "small" })}>
        {t.explain}
      </RouteLink>
      <RouteLink to="/calls" search={{ user: user.email }} className={buttonStyle({ size: "small" })}>
        {t.theirCalls}
      </RouteLink>
    </>
  );
  return (
    <Section title={t.facts}>
      <Facts
        items={[
          [t.way, <WayIn key="way" user={user} />],
          [t.origin, user.origin],
          [common.created, <Time key="created" at={user.created_at} />],
          [t.lastSeen, <Time key="seen" at={user.seen_at} />],
        ]}
      />
      <div className="mt-4 flex flex-wrap gap-2">{links}</div>
    </Section>
  );
}

function Actions({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const session = useSession();
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [made, setMade] = useState<MadeLink | null>(null);
  const path = { params: { path: { id: user.id } } };
  const change = useChange(() => ask(api.PATCH("/users/{id}", { ...path, body: { active: !user.active } })), {
    affects: [["users"]],
    done: common.saved,
  });
  const link = useChange(() => ask(api.POST("/users/{id}/reset", path)), { onDone: setMade });
  const self = session.user?.id === user.id;
  return (
    <>
      <Button onClick={() => setEditing(true)}>{common.edit}</Button>
      <Menu
        items={[
          { label: t.passwordLink, onSelect: () => link.mutate() },
          { label: user.active ? t.switchOff : t.switchOn, onSelect: () => change.mutate(), disabled: self },
          "line",
          { label: common.delete, danger: true, disabled: self, onSelect: () => setDeleting(true) },
        ]}
      />
      <EditUser key={user.updated_at} user={user} open={editing} onClose={() => setEditing(false)} />
      <DeleteUser
        user={user}
        open={deleting}
        onClose={() => setDeleting(false)}
        onDone={() => void navigate({ to: "/users" as never })}
      />
      <LinkShown made={made} onClose={() => setMade(null)} />
    </>
  );
}
