import { LoaderCircle, Send, Square } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { AgentDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { JsonCode, Mono } from "@/components/Code";
import { Textarea } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { useTexts } from "@/lib/i18n";
import { isOpen } from "./conversation";
import { agentTexts } from "./texts";
import { type Turn, useTalk } from "./useTalk";

const TONES: Record<string, Tone> = {
  completed: "ok",
  failed: "bad",
  rejected: "bad",
  "input-required": "warn",
  "auth-required": "warn",
};

/** A conversation with the agent, as a client would have one. */
export function Talk({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const { can } = useSession();
  const talk = useTalk(agent.id);
  if (!can("agent.call")) return <p className="text-muted">{t.mayNotCall}</p>;
  const anew = talk.turns.length > 0 && !talk.busy && (
    <Button size="small" onClick={talk.clear}>
      {t.newTalk}
    </Button>
  );
  return (
    <Section title={t.tabs.talk} about={t.talkAbout} actions={anew}>
      <ol className="space-y-4" aria-live="polite">
        {talk.turns.map((turn) => (
          <Said key={turn.id} turn={turn} name={agent.name} talk={talk} />
        ))}
      </ol>
      <Writing talk={talk} disabled={!agent.enabled} />
    </Section>
  );
}

type Talking = ReturnType<typeof useTalk>;

function Said({ turn, name, talk }: { turn: Turn; name: string; talk: Talking }) {
  const t = useTexts(agentTexts);
  const { answer, error, ended } = turn;
  return (
    <li className="space-y-2">
      <div className="ml-auto w-fit max-w-[85%] rounded-lg bg-accent-soft px-3 py-2">
        <p className="sr-only">{t.you}:</p>
        <p className="break-words whitespace-pre-wrap">{turn.mine}</p>
      </div>
      <div className="max-w-[85%] space-y-1.5 rounded-lg border border-line bg-sunken px-3 py-2">
        <p className="flex flex-wrap items-center gap-2 text-xs text-muted">
          <span className="font-medium">{name}</span>
          <TaskState state={answer.state} />
          {!ended && (
            <span className="inline-flex items-center gap-1">
              <LoaderCircle className="size-3.5 animate-spin" aria-hidden />
              {t.working}
            </span>
          )}
        </p>
        {answer.texts.map((text, at) => (
          <p key={at} className="break-words whitespace-pre-wrap">
            {text.slice(0, 20_000)}
          </p>
        ))}
        {ended && !answer.texts.length && !error && <p className="text-muted">{t.noWords}</p>}
        {Boolean(error) && <Trouble error={error} />}
        <Task turn={turn} talk={talk} />
        {ended && answer.parts.length > 0 && (
          <details>
            <summary className="inline-flex h-6 cursor-pointer items-center text-xs text-faint hover:text-ink">
              {t.wholeAnswer}
            </summary>
            <JsonCode value={answer.parts.map((one) => one.result)} title={t.wholeAnswer} className="mt-1" />
          </details>
        )}
      </div>
    </li>
  );
}

function TaskState({ state }: { state: string | null }) {
  const t = useTexts(agentTexts);
  if (!state) return null;
  return <Badge tone={TONES[state]}>{t.states[state as keyof typeof t.states] ?? state}</Badge>;
}

function Task({ turn, talk }: { turn: Turn; talk: Talking }) {
  const t = useTexts(agentTexts);
  const { task } = turn.answer;
  if (!task) return null;
  return (
    <div className="flex flex-wrap items-center gap-2 text-xs text-muted">
      <span className="min-w-0 truncate">
        {t.task} <Mono>{task.slice(0, 40)}</Mono>
      </span>
      <Button size="small" busy={talk.taskBusy} onClick={() => talk.look(turn)}>
        {t.taskLook}
      </Button>
      {isOpen(turn.answer) && (
        <Button size="small" kind="danger" busy={talk.taskBusy} onClick={() => talk.cancel(turn)}>
          {t.taskCancel}
        </Button>
      )}
    </div>
  );
}

function Writing({ talk, disabled }: { talk: Talking; disabled: boolean }) {
  const t = useTexts(agentTexts);
  const [text, setText] = useState("");
  const send = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault();
    if (!text.trim() || talk.busy) return;
    talk.send(text);
    setText("");
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  };
  return (
    <form onSubmit={send} className="mt-4 space-y-2">
      {talk.waits && <p className="text-sm text-warn">{t.waits}</p>}
      <Textarea
        aria-label={t.message}
        placeholder={t.messagePlaceholder}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        disabled={disabled}
      />
      <div className="flex gap-2">
        <Button kind="primary" type="submit" busy={talk.busy} disabled={disabled || !text.trim()}>
          <Send aria-hidden />
          {talk.waits ? t.answerTask : t.send}
        </Button>
        {talk.busy && (
          <Button onClick={talk.stop}>
            <Square aria-hidden />
            {t.stop}
          </Button>
        )}
      </div>
    </form>
  );
}
