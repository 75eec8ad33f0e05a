import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { TeamSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Field, Textarea } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Menu } from "@/components/Menu";
import { Note } from "@/components/Note";
import { Confirm } from "@/components/Overlay";
import { Page } from "@/components/Page";
import { TeamPicker } from "@/components/pickers";
import { Failed, SkeletonLines } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { JoinRequests } from "./JoinRequests";
import { Members } from "./Members";
import { TeamForm } from "./TeamForm";
import { Belonging } from "./TeamsPage";
import { texts } from "./texts";

export default function TeamPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["teams", id],
    queryFn: () => ask(api.GET("/teams/{id}", { params: { path: { id } } })),
  });
  if (query.data) return <Known team={query.data} />;
  return (
    <Page title={t.title} back={{ to: "/teams", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

/** Who decides about the team: its owners, and those who may do so everywhere. */
export function useGoverns(team: TeamSummary): boolean {
  const { grants } = useSession();
  const everywhere = grants.some(
    (one) =>
      one.scope === "*" && one.permissions.some((held) => ["*", "team.*", "team.write"].includes(held)),
  );
  return team.role === "owner" || everywhere;
}

function Known({ team }: { team: TeamSummary }) {
  const t = useTexts(texts);
  const governs = useGoverns(team);
  return (
    <Page
      title={team.name}
      beside={team.role && <Belonging role={team.role} />}
      about={team.description || undefined}
      back={{ to: "/teams", words: t.back }}
      actions={<Actions team={team} governs={governs} />}
    >
      <div className="space-y-4">
        {governs && <JoinRequests team={team} />}
        {team.role || governs ? <Members team={team} governs={governs} /> : <Note>{t.membersOnly}</Note>}
      </div>
    </Page>
  );
}

function Actions({ team, governs }: { team: TeamSummary; governs: boolean }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const session = useSession();
  const navigate = useNavigate();
  const [changing, setChanging] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [joining, setJoining] = useState(false);
  const me = session.user?.id;
  const leave = useChange(
    () =>
      ask(api.DELETE("/teams/{id}/members/{user}", { params: { path: { id: team.id, user: me ?? "" } } })),
    {
      affects: [["teams"], ["session"]],
      leaves: true,
      done: t.left,
      onDone: () => void navigate({ to: "/teams" as never }),
    },
  );
  const items = [
    ...(me && team.role ? [{ label: t.leave, onSelect: () => leave.mutate() }] : []),
    ...(governs ? [{ label: common.delete, danger: true, onSelect: () => setDeleting(true) }] : []),
  ];
  return (
    <>
      {me && !team.role && <Button onClick={() => setJoining(true)}>{t.join}</Button>}
      {governs && <Button onClick={() => setChanging(true)}>{common.edit}</Button>}
      {items.length > 0 && <Menu items={items} />}
      <TeamForm key={team.updated_at} team={team} open={changing} onClose={() => setChanging(false)} />
      <JoinForm team={team} open={joining} onClose={() => setJoining(false)} />
      <DeleteTeam team={team} open={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}

function JoinForm({ team, open, onClose }: { team: TeamSummary; open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const [message, setMessage] = useState("");
  const join = useChange(
    () => ask(api.POST("/teams/{id}/requests", { params: { path: { id: team.id } }, body: { message } })),
    { affects: [["teams"]], done: t.asked, quiet: true },
  );
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.joinTitle(team.name)}
      about={t.joinWords}
      action={t.join}
      onSubmit={() => join.mutateAsync()}
    >
      <Field label={t.message} required={false}>
        {(wiring) => (
          <Textarea
            {...wiring}
            required={false}
            value={message}
            onChange={(event) => setMessage(event.target.value)}
          />
        )}
      </Field>
    </FormOverlay>
  );
}

/** Its tokens end with it, so this can't be undone. */
function DeleteTeam({ team, open, onClose }: { team: TeamSummary; open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const [heir, setHeir] = useState("");
  const run = useChange(
    () =>
      ask(
        api.DELETE("/teams/{id}", { params: { path: { id: team.id }, query: { heir: heir || undefined } } }),
      ),
    {
      affects: [["teams"], ["session"]],
      leaves: true,
      done: common.deleted(team.name),
      onDone: () => void navigate({ to: "/teams" as never }),
    },
  );
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title={t.deleteTitle(team.name)}
      action={common.delete}
      onConfirm={() => run.mutate()}
      busy={run.isPending}
    >
      <p className="mb-4">{t.deleteWords}</p>
      <Field label={t.heir} required={false}>
        {(wiring) => <TeamPicker {...wiring} value={heir} onChange={setHeir} />}
      </Field>
    </Confirm>
  );
}
