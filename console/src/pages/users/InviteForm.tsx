import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { useSession } from "@/app/session";
import { Field, Input, Select } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { RolePicker } from "@/components/pickers";
import { useTexts } from "@/lib/i18n";
import { LinkShown, type MadeLink } from "./LinkShown";
import { texts } from "./texts";

const DAYS = [1, 7, 30];
type Props = {
  open: boolean;
  onClose: () => void;
  /** The id of the team that one is invited to; else it is the gateway alone. */
  team?: string;
};

/** Makes a link of invitation, and shows it once. */
export function InviteForm({ open, onClose, team }: Props) {
  const t = useTexts(texts);
  const { can } = useSession();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("");
  const [belonging, setBelonging] = useState<"member" | "owner">("member");
  const [days, setDays] = useState("7");
  const [made, setMade] = useState<MadeLink | null>(null);
  const expires_in = `${days}d`;
  const invite = useChange(
    () =>
      team
        ? ask(
            api.POST("/teams/{id}/invitations", {
              params: { path: { id: team } },
              body: { email: email || null, role: belonging, expires_in },
            }),
          )
        : ask(api.POST("/invitations", { body: { email: email || null, role: role || null, expires_in } })),
    { affects: [["invitations"], ["teams"]], quiet: true, onDone: setMade },
  );
  return (
    <>
      <FormOverlay
        open={open}
        onClose={onClose}
        title={t.inviteTitle}
        about={t.inviteAbout}
        action={t.inviteAction}
        onSubmit={() => invite.mutateAsync()}
      >
        {(field) => (
          <>
            <Field label={t.email} help={t.emailHelp} required={false} error={field("email")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  type="email"
                  value={email}
                  onChange={(event) => setEmail(event.target.value)}
                />
              )}
            </Field>
            {team ? (
              <Field label={t.team} help={t.teamHelp}>
                {(wiring) => (
                  <Select
                    {...wiring}
                    value={belonging}
                    onChange={(event) => setBelonging(event.target.value === "owner" ? "owner" : "member")}
                    options={[
                      { value: "member", label: t.member },
                      { value: "owner", label: t.owner },
                    ]}
                  />
                )}
              </Field>
            ) : (
              can("role.read") && (
                <Field label={t.roleOnAll} help={t.roleHelp} required={false} error={field("role")}>
                  {(wiring) => <RolePicker {...wiring} value={role} onChange={setRole} />}
                </Field>
              )
            )}
            <Field label={t.goodFor}>
              {(wiring) => (
                <Select
                  {...wiring}
                  value={days}
                  onChange={(event) => setDays(event.target.value)}
                  options={DAYS.map((one) => ({ value: String(one), label: t.days(one) }))}
                />
              )}
            </Field>
          </>
        )}
      </FormOverlay>
      <LinkShown made={made} onClose={() => setMade(null)} />
    </>
  );
}
