import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { UserDetails } from "@/api/schema";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function EditUser({ user, open, onClose }: { user: UserDetails; open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [name, setName] = useState(user.name);
  const [email, setEmail] = useState(user.email);
  const save = useChange(
    () => ask(api.PATCH("/users/{id}", { params: { path: { id: user.id } }, body: { name, email } })),
    { affects: [["users"], ["session"]], done: common.saved, quiet: true },
  );
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.rename}
      action={common.save}
      onSubmit={() => save.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.name} error={field("name")}>
            {(wiring) => (
              <Input
                {...wiring}
                required
                maxLength={255}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.email} error={field("email")}>
            {(wiring) => (
              <Input
                {...wiring}
                required
                type="email"
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
