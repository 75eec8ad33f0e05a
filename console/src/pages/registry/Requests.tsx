import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange, useList } from "@/api/queries";
import type { InstallRequestView } from "@/api/schema";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Field, Input } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { Time } from "@/components/Time";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** What others want to be installed; nothing is shown where nobody asks. */
export function Requests() {
  const t = useTexts(texts);
  const [declining, setDeclining] = useState<InstallRequestView | null>(null);
  const list = useList(["registry", "requests"], (cursor) =>
    ask(api.GET("/registry/requests", { params: { query: { state: "waiting", cursor, limit: 100 } } })),
  );
  const approve = useChange(
    (one: InstallRequestView) =>
      ask(
        api.POST("/registry/requests/{install_request}/approve", {
          params: { path: { install_request: one.id } },
          body: { accept_command: one.command_line },
        }),
      ),
    { affects: [["registry"], ["upstreams"], ["tools"]], done: t.approved },
  );
  if (!list.items.length) return null;
  return (
    <Section title={t.requests} about={t.requestsAbout} className="mb-4">
      <ul className="divide-y divide-line">
        {list.items.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-3 py-2.5 first:pt-0 last:pb-0">
            <div className="min-w-0 flex-1 basis-64">
              <p className="font-medium">
                {one.upstream_name} <span className="font-normal text-muted">{one.requester}</span>
              </p>
              {one.message && <p className="text-muted">{one.message}</p>}
              <Mono className="block text-xs break-all text-muted">{one.command_line ?? one.url}</Mono>
              <Time at={one.created_at} className="text-xs text-faint" />
            </div>
            <Button size="small" onClick={() => setDeclining(one)}>
              {t.decline}
            </Button>
            <Button size="small" kind="primary" onClick={() => approve.mutate(one)} busy={approve.isPending}>
              {t.approve}
            </Button>
          </li>
        ))}
      </ul>
      {declining && <DeclineForm request={declining} onClose={() => setDeclining(null)} />}
    </Section>
  );
}

function DeclineForm({ request, onClose }: { request: InstallRequestView; onClose: () => void }) {
  const t = useTexts(texts);
  const [reason, setReason] = useState("");
  const decline = useChange(
    () =>
      ask(
        api.POST("/registry/requests/{install_request}/decline", {
          params: { path: { install_request: request.id } },
          body: { reason },
        }),
      ),
    { affects: [["registry"]], done: t.declinedDone, quiet: true },
  );
  return (
    <FormOverlay
      open
      onClose={onClose}
      title={t.decline}
      about={request.upstream_name}
      action={t.decline}
      onSubmit={() => decline.mutateAsync()}
    >
      <Field label={t.declineReason} required={false}>
        {(wiring) => (
          <Input
            {...wiring}
            required={false}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </FormOverlay>
  );
}
