import { Plus, UserPlus } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange, useList } from "@/api/queries";
import type { MemberSummary, TeamSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Field, Select } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Menu } from "@/components/Menu";
import { Section } from "@/components/Page";
import { UserPicker } from "@/components/pickers";
import { useRemoval } from "@/components/Removal";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { InviteForm } from "@/pages/users/InviteForm";
import { Belonging } from "./TeamsPage";
import { texts } from "./texts";

export function Members({ team, governs }: { team: TeamSummary; governs: boolean }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [adding, setAdding] = useState(false);
  const [inviting, setInviting] = useState(false);
  const list = useList(["teams", team.id, "members"], (cursor) =>
    ask(api.GET("/teams/{id}/members", { params: { path: { id: team.id }, query: { cursor, limit: 100 } } })),
  );
  const actions = governs && (
    <div className="flex gap-2">
      {can("user.read") && (
        <Button size="small" onClick={() => setAdding(true)}>
          <Plus aria-hidden />
          {t.addMember}
        </Button>
      )}
      <Button size="small" onClick={() => setInviting(true)}>
        <UserPlus aria-hidden />
        {t.invite}
      </Button>
    </div>
  );
  return (
    <Section title={t.members} actions={actions} flush>
      <DataTable
        {...list}
        label={t.members}
        rows={list.items.filter((one) => !gone.has(`${team.id}/${one.id}`))}
        columns={useColumns(team, governs)}
        rowKey={(one) => one.id}
        retry={() => void list.refetch()}
        empty={<Empty title={t.noMembers} />}
      />
      <AddMember team={team} open={adding} onClose={() => setAdding(false)} />
      <InviteForm team={team.id} open={inviting} onClose={() => setInviting(false)} />
    </Section>
  );
}

function useColumns(team: TeamSummary, governs: boolean): Column<MemberSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const columns: Column<MemberSummary>[] = [
    {
      id: "person",
      header: t.person,
      width: "minmax(9rem, 2fr)",
      cell: (one) => (
        <>
          <span className="block truncate font-medium">{one.name}</span>
          <span className="block truncate text-xs text-muted">{one.email}</span>
        </>
      ),
    },
    { id: "role", header: t.role, width: "6.5rem", cell: (one) => <Belonging role={one.role} /> },
    { id: "since", header: t.since, width: "8rem", from: "sm", cell: (one) => <Time at={one.created_at} /> },
  ];
  if (governs) {
    columns.push({
      id: "act",
      header: common.actions,
      quiet: true,
      width: "2.5rem",
      align: "right",
      cell: (one) => <MemberMenu team={team} member={one} />,
    });
  }
  return columns;
}

function MemberMenu({ team, member }: { team: TeamSummary; member: MemberSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { remove } = useRemoval();
  const path = { params: { path: { id: team.id, user: member.id } } };
  const other = member.role === "owner" ? ("member" as const) : ("owner" as const);
  const change = useChange(
    () => ask(api.PATCH("/teams/{id}/members/{user}", { ...path, body: { role: other } })),
    {
      affects: [["teams"]],
      done: common.saved,
    },
  );
  const takeOut = () =>
    remove({
      id: `${team.id}/${member.id}`,
      words: common.removed(member.name),
      run: () => ask(api.DELETE("/teams/{id}/members/{user}", path)),
      affects: [["teams"]],
    });
  return (
    <Menu
      label={`${common.actions}: ${member.name}`}
      items={[
        { label: other === "owner" ? t.makeOwner : t.makeMember, onSelect: () => change.mutate() },
        { label: common.remove, danger: true, onSelect: takeOut },
      ]}
    />
  );
}

function AddMember({ team, open, onClose }: { team: TeamSummary; open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const [user, setUser] = useState("");
  const [role, setRole] = useState<"owner" | "member">("member");
  const add = useChange(
    () => ask(api.POST("/teams/{id}/members", { params: { path: { id: team.id } }, body: { user, role } })),
    { affects: [["teams"]], quiet: true, onDone: () => setUser("") },
  );
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.addMemberTitle}
      action={t.addMember}
      onSubmit={() => add.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.person} error={field("user")}>
            {(wiring) => <UserPicker {...wiring} value={user} onChange={setUser} />}
          </Field>
          <Field label={t.role}>
            {(wiring) => (
              <Select
                {...wiring}
                value={role}
                onChange={(event) => setRole(event.target.value === "owner" ? "owner" : "member")}
                options={[
                  { value: "member", label: t.member },
                  { value: "owner", label: t.owner },
                ]}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
