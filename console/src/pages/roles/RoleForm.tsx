import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { RoleSummary } from "@/api/schema";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { PermissionPicker } from "@/components/PermissionPicker";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

export function RoleForm({
  role,
  open,
  onClose,
}: {
  role?: RoleSummary;
  open: boolean;
  onClose: () => void;
}) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [permissions, setPermissions] = useState(role?.permissions ?? []);
  const body = { name, description, permissions };
  const save = useChange(
    () =>
      role
        ? ask(api.PATCH("/roles/{id}", { params: { path: { id: role.id } }, body }))
        : ask(api.POST("/roles", { body })),
    { affects: [["roles"], ["session"]], done: common.saved, quiet: true },
  );
  return (
    <FormOverlay
      kind="sheet"
      open={open}
      onClose={onClose}
      title={role ? t.change : t.create}
      action={common.save}
      onSubmit={() => save.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.name} error={field("name")}>
            {(wiring) => (
              <Input {...wiring} required value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <Field label={t.description} required={false} error={field("description")}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                value={description}
                onChange={(event) => setDescription(event.target.value)}
              />
            )}
          </Field>
          <PermissionPicker
            label={t.permissions}
            chosen={permissions}
            onChange={setPermissions}
            error={field("permissions")}
          />
        </>
      )}
    </FormOverlay>
  );
}
