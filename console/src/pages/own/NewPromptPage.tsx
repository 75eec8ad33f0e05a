import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Page } from "@/components/Page";
import { useTexts } from "@/lib/i18n";
import { NEW_PLACE, PlaceFields } from "./PlaceFields";
import { NEW_PROMPT, type PromptDraft, PromptForm, promptText } from "./PromptForm";
import { ownTexts } from "./texts";

export default function NewPromptPage() {
  const texts = useTexts(ownTexts);
  const navigate = useNavigate();
  const [place, setPlace] = useState(NEW_PLACE);
  const make = useChange(
    (draft: PromptDraft) => {
      const body = {
        ...promptText(draft),
        name: draft.name.trim(),
        visibility: place.visibility,
        team: place.team || null,
      };
      return ask(api.POST("/prompts", { body }));
    },
    {
      quiet: true,
      affects: [["prompts"]],
      done: (made) => texts.made(made.name),
      onDone: (made) => void navigate({ to: `/prompts/${made.id}` as never }),
    },
  );
  return (
    <Page title={texts.newPrompt} about={texts.aboutPrompt} back={{ to: "/prompts", words: texts.prompts }}>
      <PromptForm
        isNew
        start={NEW_PROMPT}
        busy={make.isPending}
        error={make.error}
        action={texts.create.prompt}
        save={(draft) => make.mutate(draft)}
      >
        <PlaceFields value={place} onChange={setPlace} />
      </PromptForm>
    </Page>
  );
}
