import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { BindingView, ServerDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Diff } from "@/components/Diff";
import { Field, Input, Textarea } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "../texts";
import type { SaveBindings } from "./Bindings";

type Props = { binding: BindingView; server: ServerDetails; onClose: () => void; save: SaveBindings };

/** Its name, title and description in this virtual server alone. */
export function EditBinding({ binding, server, onClose, save }: Props) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [name, setName] = useState(binding.name);
  const [title, setTitle] = useState(binding.title ?? "");
  const [description, setDescription] = useState(binding.description ?? "");
  const original = useOriginal(binding);
  const uri = binding.kind === "resource" || binding.kind === "resource_template";
  const submit = () =>
    save((all) =>
      all.map((one) =>
        one.id === binding.id
          ? { ...one, name, title: title || null, description: description || null }
          : one,
      ),
    );
  return (
    <FormOverlay
      kind="sheet"
      open
      onClose={onClose}
      title={t.editBinding}
      about={t.original(binding.original_name)}
      action={common.save}
      onSubmit={submit}
    >
      <Field label={t.advertised} help={uri ? undefined : t.nameHelp}>
        {(wiring) => (
          <Input
            {...wiring}
            required
            disabled={uri}
            className="font-mono"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label={t.titleField} help={t.titleHelp} required={false}>
        {(wiring) => (
          <Input
            {...wiring}
            required={false}
            placeholder={original?.title ?? ""}
            value={title}
            onChange={(event) => setTitle(event.target.value)}
          />
        )}
      </Field>
      <Field label={common.description} help={t.descriptionHelp} required={false}>
        {(wiring) => (
          <Textarea
            {...wiring}
            required={false}
            rows={5}
            placeholder={original?.description ?? ""}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        )}
      </Field>
      {description && original?.description && (
        <Diff label={t.saidHere} before={original.description} after={description} />
      )}
      {binding.aliases.length > 0 && <Aliases binding={binding} server={server} />}
    </FormOverlay>
  );
}

function useOriginal(binding: BindingView) {
  const query = useQuery({
    queryKey: ["tools", "original", binding.capability],
    queryFn: () => {
      const path = { params: { path: { id: binding.capability } } };
      if (binding.kind === "tool") return ask(api.GET("/tools/{id}", path));
      return binding.kind === "prompt"
        ? ask(api.GET("/prompts/{id}", path))
        : ask(api.GET("/resources/{id}", path));
    },
  });
  return query.data;
}

/** Earlier names, and whether anybody still calls them. */
function Aliases({ binding, server }: { binding: BindingView; server: ServerDetails }) {
  const t = useTexts(texts);
  const formats = useFormats();
  const { can } = useSession();
  const counts = useQuery({
    queryKey: ["calls", "by alias", server.id],
    queryFn: () =>
      ask(
        api.GET("/metrics/top", {
          params: { query: { by: "tool", server: server.slug, since: "30d", limit: 100 } },
        }),
      ),
    enabled: can("call.read") && binding.kind === "tool",
  });
  const count = (alias: string) =>
    counts.data?.items.find((one) => one.name === alias || one.key === alias)?.sums.calls ?? 0;
  return (
    <section>
      <h3 className="mb-2 text-sm font-medium">{t.aliases}</h3>
      <ul className="space-y-1.5">
        {binding.aliases.map((alias) => (
          <li key={alias} className="flex items-center gap-2">
            <Badge className="font-mono font-normal">{alias}</Badge>
            {counts.data && (
              <span className="text-xs text-muted">{t.aliasCalls(formats.count(count(alias)))}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
