import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Field, Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { useTexts } from "@/lib/i18n";
import { Report } from "@/pages/transfer/Report";
import { pasted } from "./paste";
import { texts } from "./texts";

/** Several at once, as another program's file has them; one that can't be used does not keep the others. */
export function PasteForm() {
  const t = useTexts(texts);
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const read = pasted(text);
  const add = useChange(
    () => ask(api.POST("/import", { params: { query: { conflict: "skip" } }, body: read?.document ?? {} })),
    { affects: [["upstreams"], ["tools"], ["prompts"], ["resources"]], quiet: true },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  if (add.data) {
    return (
      <div className="space-y-4">
        <Report report={add.data} onApply={() => undefined} busy={false} />
        <Button kind="primary" onClick={() => void navigate({ to: "/upstreams" as never })}>
          {t.back}
        </Button>
      </div>
    );
  }
  return (
    <form onSubmit={submit} className="grid items-start gap-4 lg:grid-cols-2">
      <Section>
        <div className="space-y-4">
          {add.error && <Trouble error={add.error} />}
          <Field label={t.paste} help={t.pasteHelp} error={text.trim() && !read ? t.pasteWrong : undefined}>
            {(wiring) => (
              <Textarea
                {...wiring}
                required
                rows={14}
                className="font-mono text-xs"
                spellCheck={false}
                placeholder={'{"mcpServers": {"docs": {"url": "https://…"}}}'}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Field>
          <Button type="submit" kind="primary" disabled={!read} busy={add.isPending}>
            {t.addAll}
          </Button>
        </div>
      </Section>
      {read && (
        <Section title={t.pasteFound(read.found.length)}>
          <ul className="space-y-3">
            {read.found.map((one) => (
              <li key={one.name} className="min-w-0">
                <p className="font-medium">{one.name}</p>
                <Mono className="block truncate text-muted">{one.address}</Mono>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </form>
  );
}
