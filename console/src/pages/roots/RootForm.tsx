import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { RootView } from "@/api/schema";
import { Combobox } from "@/components/Combobox";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";
import { useUpstreamNames } from "./useUpstreamNames";

export function RootForm({ root, onClose }: { root?: RootView; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [uri, setUri] = useState(root?.uri ?? "");
  const [name, setName] = useState(root?.name ?? "");
  const [told, setTold] = useState(root?.upstreams ?? []);
  const names = useUpstreamNames();
  const items = [...names].map(([value, label]) => ({ value, label }));
  const body = { uri, name, upstreams: told.length ? told : null };
  const save = useChange(
    () =>
      root
        ? ask(api.PATCH("/roots/{id}", { params: { path: { id: root.id } }, body }))
        : ask(api.POST("/roots", { body })),
    { affects: [["roots"]], done: common.saved, quiet: true },
  );
  return (
    <FormOverlay
      open
      onClose={onClose}
      title={root ? t.change : t.add}
      action={common.save}
      onSubmit={() => save.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.uri} help={t.uriHelp} error={field("uri")}>
            {(wiring) => (
              <Input
                {...wiring}
                required
                className="font-mono"
                placeholder="file:///srv/projects"
                value={uri}
                onChange={(event) => setUri(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.name} required={false} error={field("name")}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.told} help={t.toldHelp} required={false} error={field("upstreams")}>
            {({ required: _, ...wiring }) => (
              <Combobox
                several
                items={items}
                label={t.told}
                placeholder={t.everybody}
                chosen={told}
                onChange={setTold}
                {...wiring}
              />
            )}
          </Field>
        </>
      )}
    </FormOverlay>
  );
}
