import { Play, RotateCcw, Square } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Textarea } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { check, type Problems } from "./form/check";
import { SchemaForm } from "./form/SchemaForm";
import { type Line, Suggested } from "./Suggested";
import { playgroundTexts } from "./texts";
import type { Draft } from "./useDraft";
import { argumentsOf, inputSchema, type Tried, type Wanted } from "./wanted";

const NONE: Problems = new Map();
type Props = {
  tried: Tried;
  draft: Draft;
  wanted: Wanted;
  line: Line;
  running: boolean;
  again: boolean;
  send: () => void;
  cancel: () => void;
};

/** Where arguments are written, as a form or as JSON, and sent. */
export function ArgumentsPanel({ tried, draft, wanted, line, running, again, send, cancel }: Props) {
  const texts = useTexts(playgroundTexts);
  const [tries, setTries] = useState(0);
  const problems = tries > 0 ? problemsOf(tried, draft) : NONE;
  const run = (anyway: boolean) => {
    setTries(tries + 1);
    if (draft.way === "json" && !draft.whole) return;
    if (!anyway && problemsOf(tried, draft).size > 0) return;
    if (!anyway) setTries(0);
    send();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || running) return;
    event.preventDefault();
    run(false);
  };
  return (
    <form
      noValidate
      className="space-y-4"
      onKeyDown={onKey}
      onSubmit={(event) => {
        event.preventDefault();
        if (!running) run(false);
      }}
    >
      <Writing tried={tried} draft={draft} problems={problems} line={line} />
      {wanted.method === "resources/read" && <WillRead uri={String(wanted.params.uri)} />}
      {problems.size > 0 && (
        <Note
          tone="warn"
          action={
            <Button size="small" onClick={() => run(true)} disabled={running}>
              {texts.sendAnyway}
            </Button>
          }
        >
          {texts.doesNotFit}
        </Note>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button kind="primary" type="submit" busy={running}>
          {!running && <Play aria-hidden />}
          {running ? texts.running : again ? texts.again : texts.run[tried.kind]}
        </Button>
        {running && (
          <Button onClick={cancel}>
            <Square aria-hidden />
            {texts.cancel}
          </Button>
        )}
        {!running && tried.kind !== "resource" && (
          <Button kind="quiet" onClick={draft.reset}>
            <RotateCcw aria-hidden />
            {texts.reset}
          </Button>
        )}
        <span className="hidden text-xs text-faint sm:inline">{texts.keys}</span>
      </div>
    </form>
  );
}

function problemsOf(tried: Tried, draft: Draft): Problems {
  if (tried.kind === "tool") return check(inputSchema(tried), draft.value);
  const missing = argumentsOf(tried).filter((one) => one.required && !draft.value[one.name]);
  return new Map(missing.map((one) => [`/${one.name}`, { keyword: "required", detail: "" }]));
}

function Writing({
  tried,
  draft,
  problems,
  line,
}: Pick<Props, "tried" | "draft" | "line"> & { problems: Problems }) {
  const texts = useTexts(playgroundTexts);
  if (tried.kind === "resource") return <p className="text-sm text-muted">{texts.nothing}</p>;
  if (tried.kind !== "tool") return <Suggested tried={tried} draft={draft} problems={problems} line={line} />;
  const ways = [
    { value: "form", label: texts.form },
    { value: "json", label: texts.json },
  ];
  const stuck = draft.way === "json" && !draft.whole;
  return (
    <>
      <Segments
        label={texts.way}
        options={ways}
        value={draft.way}
        onChange={(way) => !stuck && draft.go(way === "json" ? "json" : "form")}
      />
      {draft.way === "form" ? (
        <SchemaForm
          schema={inputSchema(tried)}
          value={draft.value}
          onChange={draft.fill}
          problems={problems}
        />
      ) : (
        <Raw draft={draft} />
      )}
    </>
  );
}

function Raw({ draft }: { draft: Draft }) {
  const texts = useTexts(playgroundTexts);
  return (
    <div className="space-y-1.5">
      <Textarea
        aria-label={texts.jsonLabel}
        aria-invalid={draft.whole ? undefined : true}
        className="field-sizing-content max-h-[60vh] min-h-48 font-mono text-xs"
        spellCheck={false}
        value={draft.text}
        onChange={(event) => draft.type(event.target.value)}
      />
      {!draft.whole && (
        <p className="text-xs font-medium text-bad" role="status">
          {texts.notObject} {texts.fixJsonFirst}
        </p>
      )}
    </div>
  );
}

function WillRead({ uri }: { uri: string }) {
  const texts = useTexts(playgroundTexts);
  return (
    <p className="text-xs break-all text-muted">
      {texts.willRead}: <Mono>{uri}</Mono>
    </p>
  );
}
