import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { TeamSummary } from "@/api/schema";
import { Field, Input, Select, Textarea } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

type Props = { open: boolean; onClose: () => void; team?: TeamSummary };

/** Makes a team, or changes the one that is given. */
export function TeamForm({ open, onClose, team }: Props) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const [name, setName] = useState(team?.name ?? "");
  const [slug, setSlug] = useState(team?.slug ?? "");
  const [description, setDescription] = useState(team?.description ?? "");
  const [visibility, setVisibility] = useState<"private" | "public">(team?.visibility ?? "private");
  const body = { name, description, visibility, ...(slug ? { slug } : {}) };
  const save = useChange(
    () =>
      team
        ? ask(api.PATCH("/teams/{id}", { params: { path: { id: team.id } }, body }))
        : ask(api.POST("/teams", { body })),
    {
      affects: [["teams"], ["session"]],
      done: common.saved,
      quiet: true,
      onDone: (made) => {
        if (!team) void navigate({ to: `/teams/${made.id}` as never });
      },
    },
  );
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={team ? t.settings : t.create}
      action={team ? common.save : t.create}
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
          <Field label={t.slug} help={t.slugHelp} required={false} error={field("slug")}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                className="font-mono"
                value={slug}
                onChange={(event) => setSlug(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.description} required={false} error={field("description")}>
            {(wiring) => (
              <Textarea
                {...wiring}
                required={false}
                value={description}
                onChange={(event) => setDescription(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.visibility} help={t.visibilityHelp[visibility]}>
            {(wiring) => (
              <Select
                {...wiring}
                value={visibility}
                onChange={(event) => setVisibility(event.target.value === "public" ? "public" : "private")}
                options={[
                  { value: "private", label: t.visibilities.private },
                  { value: "public", label: t.visibilities.public },
                ]}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
