import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { UserDetails } from "@/api/schema";
import { Field } from "@/components/Fields";
import { Confirm } from "@/components/Overlay";
import { UserPicker } from "@/components/pickers";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

type Props = { user: UserDetails; open: boolean; onClose: () => void; onDone: () => void };

/** Their tokens end with them, so this can't be undone. */
export function DeleteUser({ user, open, onClose, onDone }: Props) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [heir, setHeir] = useState("");
  const run = useChange(
    () =>
      ask(
        api.DELETE("/users/{id}", { params: { path: { id: user.id }, query: { heir: heir || undefined } } }),
      ),
    { affects: [["users"]], leaves: true, done: common.deleted(user.name), onDone },
  );
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title={t.deleteTitle(user.name)}
      action={common.delete}
      onConfirm={() => run.mutate()}
      busy={run.isPending}
    >
      <p className="mb-4">{t.deleteWords}</p>
      <Field label={t.heir} required={false}>
        {(wiring) => <UserPicker {...wiring} value={heir} onChange={setHeir} />}
      </Field>
    </Confirm>
  );
}
