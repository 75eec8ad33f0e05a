import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Page, Section } from "@/components/Page";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { Picker } from "./picker/Picker";
import { split } from "./picker/split";
import { useItems } from "./picker/useItems";
import { texts } from "./texts";

export default function NewServerPage() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [picked, setPicked] = useState<string[]>([]);
  const { items } = useItems();
  const create = useChange(
    () => {
      const kinds = new Map((items ?? []).map((one) => [one.id, one]));
      return ask(api.POST("/servers", { body: { name, description, ...split(picked, kinds) } }));
    },
    {
      affects: [["servers"]],
      quiet: true,
      onDone: (made) =>
        void navigate({ to: `/servers/${made.slug}` as never, search: { tab: "connect" } as never }),
    },
  );
  const field = (which: string) =>
    create.error instanceof ApiProblem ? create.error.field(which) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const action = (
    <Button type="submit" form="compose" kind="primary" busy={create.isPending}>
      {t.create}
    </Button>
  );
  return (
    <Page title={t.compose} back={{ to: "/servers", words: t.back }} actions={action}>
      <form id="compose" onSubmit={submit} className="space-y-4">
        {create.error && <Trouble error={create.error} />}
        <Section>
          <div className="grid gap-4 sm:grid-cols-2">
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
            <Field label={common.description} required={false} error={field("description")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  value={description}
                  onChange={(event) => setDescription(event.target.value)}
                />
              )}
            </Field>
          </div>
        </Section>
        <Section>
          <Picker picked={picked} onChange={setPicked} />
        </Section>
      </form>
    </Page>
  );
}
