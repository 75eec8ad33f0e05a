import { ArrowUp, Plus, X } from "lucide-react";
import { Button, IconButton } from "@/components/Button";
import { Field, Input, Select, Textarea } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import { type MessageDraft, NEW_MESSAGE } from "./drafts";
import { FilePicker } from "./FilePicker";
import { ownTexts } from "./texts";

type Props = { values: MessageDraft[]; onChange: (values: MessageDraft[]) => void };
const KINDS = ["text", "image", "audio", "resource"] as const;

/** The messages of a prompt, in order. */
export function MessagesEditor({ values, onChange }: Props) {
  const texts = useTexts(ownTexts).messages;
  const set = (at: number, part: Partial<MessageDraft>) =>
    onChange(values.map((one, index) => (index === at ? { ...one, ...part } : one)));
  const up = (at: number) => {
    const next = [...values];
    next.splice(at - 1, 0, ...next.splice(at, 1));
    onChange(next);
  };
  return (
    <div className="space-y-3">
      {values.map((one, at) => (
        <div key={at} className="space-y-3 rounded-md border border-line p-3">
          <div className="flex flex-wrap items-end gap-2">
            <Field label={texts.role} className="w-32">
              {(wiring) => (
                <Select
                  {...wiring}
                  value={one.role}
                  onChange={(event) =>
                    set(at, { role: event.target.value === "assistant" ? "assistant" : "user" })
                  }
                  options={(["user", "assistant"] as const).map((role) => ({
                    value: role,
                    label: texts.roles[role],
                  }))}
                />
              )}
            </Field>
            <Field label={texts.kind} className="w-32">
              {(wiring) => (
                <Select
                  {...wiring}
                  value={one.kind}
                  onChange={(event) => set(at, { kind: event.target.value as MessageDraft["kind"] })}
                  options={KINDS.map((kind) => ({ value: kind, label: texts.kinds[kind] }))}
                />
              )}
            </Field>
            <span className="ml-auto flex">
              {at > 0 && (
                <IconButton label={texts.up(at + 1)} onClick={() => up(at)}>
                  <ArrowUp aria-hidden />
                </IconButton>
              )}
              {values.length > 1 && (
                <IconButton
                  label={texts.remove(at + 1)}
                  onClick={() => onChange(values.filter((_, index) => index !== at))}
                >
                  <X aria-hidden />
                </IconButton>
              )}
            </span>
          </div>
          <Content message={one} at={at} set={(part) => set(at, part)} />
        </div>
      ))}
      <Button onClick={() => onChange([...values, NEW_MESSAGE])}>
        <Plus aria-hidden />
        {texts.add}
      </Button>
    </div>
  );
}

type ContentProps = { message: MessageDraft; at: number; set: (part: Partial<MessageDraft>) => void };

function Content({ message, at, set }: ContentProps) {
  const texts = useTexts(ownTexts).messages;
  if (message.kind === "image" || message.kind === "audio") {
    return (
      <FilePicker
        label={texts.file(at + 1)}
        accept={`${message.kind}/*`}
        value={message}
        onChange={(picked) => set(picked)}
      />
    );
  }
  return (
    <>
      {message.kind === "resource" && (
        <div className="grid gap-3 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
          <Field label={texts.uri}>
            {(wiring) => (
              <Input {...wiring} value={message.uri} onChange={(event) => set({ uri: event.target.value })} />
            )}
          </Field>
          <Field label={texts.mimeType} required={false}>
            {(wiring) => (
              <Input
                {...wiring}
                value={message.mimeType}
                onChange={(event) => set({ mimeType: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
      <Textarea
        aria-label={texts.text(at + 1)}
        className="field-sizing-content max-h-[60vh] min-h-28 font-mono text-[0.8125rem]"
        spellCheck
        value={message.text}
        onChange={(event) => set({ text: event.target.value })}
      />
    </>
  );
}
