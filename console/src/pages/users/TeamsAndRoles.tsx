import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { RoleOfUser, UserDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Field } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { RolePicker, TeamPicker } from "@/components/pickers";
import { useRemoval } from "@/components/Removal";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function TeamsAndRoles({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const [giving, setGiving] = useState(false);
  const give = can("role.write") && (
    <Button size="small" onClick={() => setGiving(true)}>
      {t.addRole}
    </Button>
  );
  return (
    <>
      <Section title={t.teams}>
        {user.teams.length === 0 && <p className="text-muted">{t.noTeams}</p>}
        <ul className="space-y-2">
          {user.teams.map((one) => (
            <li key={one.id} className="flex items-center gap-2">
              <RouteLink to={`/teams/${one.id}`} className={linkStyle}>
                {one.name}
              </RouteLink>
              <Badge>{one.role === "owner" ? t.owner : t.member}</Badge>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t.roles} actions={give}>
        <Roles user={user} />
      </Section>
      <GiveRole user={user} open={giving} onClose={() => setGiving(false)} />
    </>
  );
}

function Roles({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const { gone, remove } = useRemoval();
  const take = (grant: RoleOfUser) =>
    remove({
      id: grant.id,
      words: t.taken,
      run: () => ask(api.DELETE("/grants/{id}", { params: { path: { id: grant.id } } })),
      affects: [["users"]],
    });
  const grants = user.grants.filter((one) => !gone.has(one.id));
  if (!grants.length) return <p className="text-muted">{t.noRoles}</p>;
  return (
    <ul className="space-y-1">
      {grants.map((one) => (
        <li key={one.id} className="flex min-h-8 items-center gap-2">
          <Badge tone="accent">{one.role}</Badge>
          <span className="min-w-0 flex-1 truncate text-muted">
            {one.team ? t.onTeam(one.team) : t.onAll}
          </span>
          {can("role.write") && (
            <Button
              kind="quiet"
              size="small"
              onClick={() => take(one)}
              aria-label={`${common.remove}: ${one.role}`}
            >
              {common.remove}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function GiveRole({ user, open, onClose }: { user: UserDetails; open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [role, setRole] = useState("");
  const [team, setTeam] = useState("");
  const give = useChange(
    () => ask(api.POST("/grants", { body: { user: user.id, role, scope: team || "*" } })),
    {
      affects: [["users"], ["session"]],
      done: common.saved,
      quiet: true,
    },
  );
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.giveTitle}
      action={t.addRole}
      onSubmit={() => give.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.roles} error={field("role")}>
            {(wiring) => <RolePicker {...wiring} value={role} onChange={setRole} />}
          </Field>
          <Field label={t.scope} required={false} error={field("scope")}>
            {(wiring) => <TeamPicker {...wiring} placeholder={t.onAll} value={team} onChange={setTeam} />}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
