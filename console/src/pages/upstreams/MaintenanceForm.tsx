import { useState } from "react";
import type { UpstreamSummary } from "@/api/schema";
import { Field, Input, Select } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";
import { useUpstreamActions } from "./UpstreamMenu";

/** Says that it is being worked on: callers are told so, and nothing is hidden. */
export function MaintenanceForm({
  upstream,
  open,
  onClose,
}: {
  upstream: UpstreamSummary;
  open: boolean;
  onClose: () => void;
}) {
  const t = useTexts(texts);
  const [duration, setDuration] = useState("2h");
  const [note, setNote] = useState("");
  const { change } = useUpstreamActions(upstream);
  const begin = () => change.mutateAsync({ maintenance: duration, maintenance_note: note || null });
  return (
    <FormOverlay open={open} onClose={onClose} title={t.maintenance} action={t.begin} onSubmit={begin}>
      <Field label={t.until}>
        {(wiring) => (
          <Select
            {...wiring}
            value={duration}
            onChange={(event) => setDuration(event.target.value)}
            options={Object.entries(t.durations).map(([value, label]) => ({ value, label }))}
          />
        )}
      </Field>
      <Field label={t.note} help={t.noteHelp} required={false}>
        {(wiring) => (
          <Input
            {...wiring}
            required={false}
            maxLength={200}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
    </FormOverlay>
  );
}
