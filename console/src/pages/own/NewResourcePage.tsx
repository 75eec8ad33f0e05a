import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Field, Input } from "@/components/Fields";
import { Page } from "@/components/Page";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { NEW_PLACE, PlaceFields } from "./PlaceFields";
import { ResourceForm } from "./ResourceForm";
import { NEW_RESOURCE, type ResourceDraft, resourceText } from "./resourceDraft";
import { ownTexts } from "./texts";

export default function NewResourcePage() {
  const texts = useTexts(ownTexts);
  const navigate = useNavigate();
  const [place, setPlace] = useState(NEW_PLACE);
  const make = useChange(
    (draft: ResourceDraft) => {
      const uri = draft.uri.trim() || null;
      const body = {
        ...resourceText(draft),
        name: draft.name.trim(),
        ...(draft.kind === "template" ? { uri_template: uri } : { uri }),
        visibility: place.visibility,
        team: place.team || null,
      };
      return ask(api.POST("/resources", { body }));
    },
    {
      quiet: true,
      affects: [["resources"]],
      done: (made) => texts.made(made.name),
      onDone: (made) => void navigate({ to: `/resources/${made.id}` as never }),
    },
  );
  return (
    <Page
      title={texts.newResource}
      about={texts.aboutResource}
      back={{ to: "/resources", words: texts.resources }}
    >
      <ResourceForm
        start={NEW_RESOURCE}
        busy={make.isPending}
        error={make.error}
        action={texts.create.resource}
        save={(draft) => make.mutate(draft)}
        choice={(draft, set) => <Choice draft={draft} set={set} />}
      >
        <PlaceFields value={place} onChange={setPlace} />
      </ResourceForm>
    </Page>
  );
}

function Choice({ draft, set }: { draft: ResourceDraft; set: (part: Partial<ResourceDraft>) => void }) {
  const texts = useTexts(ownTexts).resource;
  const isTemplate = draft.kind === "template";
  const kinds = (["resource", "template"] as const).map((value) => ({ value, label: texts.kinds[value] }));
  return (
    <>
      <div className="space-y-1.5">
        <Segments
          label={texts.kind}
          options={kinds}
          value={draft.kind}
          onChange={(value) => set({ kind: value === "template" ? "template" : "resource" })}
        />
        <p className="text-xs text-muted">{texts.kindHelp[draft.kind]}</p>
      </div>
      <Field
        label={isTemplate ? texts.template : texts.uri}
        required={isTemplate ? undefined : false}
        help={isTemplate ? texts.templateHelp : texts.uriHelp}
      >
        {(wiring) => (
          <Input
            {...wiring}
            required={isTemplate}
            className="font-mono text-[0.8125rem]"
            value={draft.uri}
            onChange={(event) => set({ uri: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}
