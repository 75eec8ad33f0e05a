import { MessageCircleQuestion } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "@/components/Button";
import { Field, Textarea } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import { type Fields, isFields } from "@/mcp/wire";
import { check, type Problems } from "./form/check";
import { SchemaForm } from "./form/SchemaForm";
import { words } from "./form/shape";
import { startOfObject } from "./form/values";
import { Opening } from "./Opening";
import { playgroundTexts } from "./texts";
import type { Asked } from "./useRun";

const NONE: Problems = new Map();

/** A question of the server during a call, with what answers it. */
export function QuestionCard({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Several may come at once: who is at one of them stays there.
    if (!document.activeElement?.closest("[data-question]")) place.current?.focus();
  }, []);
  return (
    <div
      ref={place}
      data-question
      tabIndex={-1}
      role="group"
      aria-label={texts.asks}
      className="space-y-3 rounded-md border border-accent p-4 outline-offset-2"
    >
      <h3 className="flex items-center gap-2 text-sm font-semibold">
        <MessageCircleQuestion className="size-4 text-accent" aria-hidden />
        {texts.asks}
      </h3>
      <Question asked={asked} />
    </div>
  );
}

function Question({ asked }: { asked: Asked }) {
  const { method, params } = asked.question;
  if (method === "elicitation/create") {
    return params?.mode === "url" ? <Opening asked={asked} /> : <FormQuestion asked={asked} />;
  }
  if (method === "sampling/createMessage") return <Sampling asked={asked} />;
  return method === "roots/list" ? <Roots asked={asked} /> : <Unknown asked={asked} />;
}

function FormQuestion({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  const schema = asked.question.params.requestedSchema ?? { type: "object" };
  const [value, setValue] = useState<unknown>(() => startOfObject(schema, schema));
  const [tried, setTried] = useState(false);
  const problems = tried ? check(schema, value) : NONE;
  const accept = () => {
    setTried(true);
    if (check(schema, value).size === 0) asked.answer({ result: { action: "accept", content: value } });
  };
  return (
    <form
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        // It stands within the page, not within the form of the arguments.
        event.stopPropagation();
        accept();
      }}
    >
      <Said>{words(asked.question.params.message)}</Said>
      <SchemaForm schema={schema} value={value} onChange={setValue} problems={problems} />
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" type="submit">
          {texts.elicitation.accept}
        </Button>
        <Refusals asked={asked} />
      </div>
      <p className="text-xs text-muted">{texts.elicitation.declined}</p>
    </form>
  );
}

/** Saying no, and saying nothing. */
export function Refusals({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  return (
    <>
      <Button onClick={() => asked.answer({ result: { action: "decline" } })}>
        {texts.elicitation.decline}
      </Button>
      <Button onClick={() => asked.answer({ result: { action: "cancel" } })}>
        {texts.elicitation.cancel}
      </Button>
    </>
  );
}

export function Said({ children }: { children: ReactNode }) {
  return <p className="max-h-60 overflow-y-auto text-sm break-words whitespace-pre-wrap">{children}</p>;
}

function Sampling({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  const [text, setText] = useState("");
  const answer = {
    role: "assistant",
    content: { type: "text", text },
    model: "a-person-at-the-console",
    stopReason: "endTurn",
  };
  return (
    <div className="space-y-3">
      <p className="text-sm text-muted">{texts.sampling.about}</p>
      <div className="rounded-md bg-sunken px-3 py-2">
        <Said>{messagesOf(asked.question.params)}</Said>
      </div>
      <Field label={texts.sampling.said}>
        {(wiring) => <Textarea {...wiring} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" disabled={!text.trim()} onClick={() => asked.answer({ result: answer })}>
          {texts.sampling.send}
        </Button>
        <Button onClick={() => asked.answer({ refusal: texts.sampling.refused })}>
          {texts.sampling.refuse}
        </Button>
      </div>
    </div>
  );
}

function messagesOf(params: Fields): string {
  const messages = Array.isArray(params.messages) ? params.messages.filter(isFields) : [];
  const lines = messages.map(({ role, content }) => `${String(role)}: ${contentOf(content)}`);
  return [words(params.systemPrompt), ...lines].filter(Boolean).join("\n\n");
}

function contentOf(content: unknown): string {
  if (Array.isArray(content)) return content.map(contentOf).join("\n");
  if (!isFields(content)) return "";
  return typeof content.text === "string" ? content.text.slice(0, 20_000) : `[${String(content.type)}]`;
}

function Roots({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  const [text, setText] = useState("");
  const roots = text.split("\n").flatMap((line) => {
    const uri = line.trim();
    return uri ? [{ uri, name: uri.split("/").filter(Boolean).at(-1) ?? uri }] : [];
  });
  return (
    <div className="space-y-3">
      <p className="text-sm text-muted">{texts.roots.about}</p>
      <Field label={texts.roots.list}>
        {(wiring) => (
          <Textarea
            {...wiring}
            className="min-h-14 font-mono text-xs"
            placeholder="file:///home/ada/project"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" onClick={() => asked.answer({ result: { roots } })}>
          {texts.roots.send}
        </Button>
        <Button onClick={() => asked.answer({ refusal: texts.roots.refused })}>{texts.roots.refuse}</Button>
      </div>
    </div>
  );
}

function Unknown({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  return (
    <div className="space-y-3">
      <p className="text-sm">{texts.unknownQuestion(asked.question.method)}</p>
      <Button onClick={() => asked.answer({ refusal: texts.dismissed })}>{texts.dismiss}</Button>
    </div>
  );
}
