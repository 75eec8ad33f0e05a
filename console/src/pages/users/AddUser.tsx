import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

const NOBODY = { email: "", name: "", password: "" };

export function AddUser({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [user, setUser] = useState(NOBODY);
  const add = useChange(
    () => ask(api.POST("/users", { body: { ...user, password: user.password || null } })),
    { affects: [["users"]], quiet: true, onDone: () => setUser(NOBODY) },
  );
  const set = (name: keyof typeof NOBODY) => (event: { target: { value: string } }) =>
    setUser({ ...user, [name]: event.target.value });
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.addTitle}
      about={t.addAbout}
      action={common.add}
      onSubmit={() => add.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.name} error={field("name")}>
            {(wiring) => (
              <Input {...wiring} required maxLength={255} value={user.name} onChange={set("name")} />
            )}
          </Field>
          <Field label={t.email} error={field("email")}>
            {(wiring) => (
              <Input
                {...wiring}
                required
                type="email"
                maxLength={254}
                value={user.email}
                onChange={set("email")}
              />
            )}
          </Field>
          <Field label={t.password} help={t.passwordHelp} required={false} error={field("password")}>
            {(wiring) => (
              <Input
                {...wiring}
                type="password"
                autoComplete="new-password"
                minLength={10}
                value={user.password}
                onChange={set("password")}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
