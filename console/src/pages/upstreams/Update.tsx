import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { UpdateView, UpstreamDetails } from "@/api/schema";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Diff } from "@/components/Diff";
import { FormOverlay } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { AskedFields, missingFields } from "@/pages/registry/AskedFields";
import { texts } from "./texts";

/** Told where the registry has a newer version of it. */
export function Update({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const [open, setOpen] = useState(false);
  const updates = useQuery({
    queryKey: ["registry", "updates"],
    queryFn: () => ask(api.GET("/registry/updates")),
    staleTime: 60_000,
  });
  const update = updates.data?.items.find((one) => one.upstream === upstream.id);
  if (!update?.version) return null;
  const action = <Button onClick={() => setOpen(true)}>{t.update(update.version)}</Button>;
  return (
    <>
      <Note className="mb-4" title={t.updateTitle} action={action}>
        {update.status_message}
      </Note>
      <UpdateForm update={update} open={open} onClose={() => setOpen(false)} />
    </>
  );
}

/** The difference first; then what the newer version asks for. */
export function UpdateForm({
  update,
  open,
  onClose,
}: {
  update: UpdateView;
  open: boolean;
  onClose: () => void;
}) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [values, setValues] = useState<Record<string, string>>({});
  const version = update.version ?? "";
  const take = useChange(
    () =>
      ask(
        api.POST("/upstreams/{id}/update", {
          params: { path: { id: update.upstream } },
          body: { version, values, accept_command: update.command_line },
        }),
      ),
    { affects: [["upstreams"], ["registry"]], done: common.saved, quiet: true },
  );
  const text = (side: "before" | "after") =>
    update.changes.map((one) => `${one.field}: ${one[side] ?? ""}`).join("\n");
  return (
    <FormOverlay
      open={open}
      onClose={onClose}
      title={t.update(version)}
      action={t.update(version)}
      onSubmit={() => take.mutateAsync()}
      wide
    >
      <div>
        <p className="mb-1 text-sm font-medium">{t.whatChanges}</p>
        <Diff label={t.whatChanges} before={text("before")} after={text("after")} />
      </div>
      {update.command_line && (
        <Note title={t.runs}>
          <Mono className="break-all">{update.command_line}</Mono>
        </Note>
      )}
      <AskedFields fields={missingFields(update.fields)} values={values} onChange={setValues} />
    </FormOverlay>
  );
}
