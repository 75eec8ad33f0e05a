import { Terminal } from "lucide-react";
import { Badge } from "@/components/Badge";
import { Section } from "@/components/Page";
import { Empty } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Commands, type CommandsProps } from "./Commands";
import { Failure } from "./Failure";
import { Journal } from "./Journal";
import { Meanwhile } from "./Meanwhile";
import { Outcome } from "./Outcome";
import { QuestionCard } from "./Questions";
import { playgroundTexts } from "./texts";
import type { Run } from "./useRun";
import type { Tried } from "./wanted";

type Props = { run: Run; tried: Tried; commands: Omit<CommandsProps, "tried"> };

/** What came of the call: its result, every message of it, and the same call from elsewhere. */
export function AnswerPanel({ run, tried, commands }: Props) {
  const texts = useTexts(playgroundTexts);
  const [shown, setShown] = useUrlState("show", "result");
  const options = [
    { value: "result", label: texts.result },
    {
      value: "exchange",
      label: run.passed.length ? `${texts.exchange} (${run.passed.length})` : texts.exchange,
    },
    { value: "code", label: texts.sameCall },
  ];
  const waiting = run.asked.filter((one) => !one.answered && run.state === "running");
  return (
    <Section
      title={
        <span className="flex flex-wrap items-center gap-2">
          {texts.answer}
          <Ended run={run} />
        </span>
      }
      actions={<Segments label={texts.show} options={options} value={shown} onChange={setShown} />}
    >
      <div className="space-y-4">
        {waiting.map((one) => (
          <QuestionCard key={one.id} asked={one} />
        ))}
        {shown === "exchange" && <Journal passed={run.passed} />}
        {shown === "code" && <Commands {...commands} tried={tried} />}
        {shown === "result" && <Shown run={run} tried={tried} />}
      </div>
    </Section>
  );
}

function Shown({ run, tried }: { run: Run; tried: Tried }) {
  const texts = useTexts(playgroundTexts);
  if (run.state === "idle") {
    return (
      <Empty sign={Terminal} title={texts.notRun} className="py-10">
        {texts.notRunHint}
      </Empty>
    );
  }
  return (
    <div className="space-y-4">
      <Meanwhile run={run} />
      {run.state === "failed" && <Failure failure={run.failure} />}
      {run.result && <Outcome result={run.result} tried={tried} />}
    </div>
  );
}

function Ended({ run }: { run: Run }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  const took = formats.milliseconds(Math.max(0, run.endedAt - run.startedAt));
  return (
    <span role="status" className="font-normal">
      {run.state === "running" && <Badge>{texts.running}</Badge>}
      {run.state === "done" && (
        <Badge tone={run.result?.isError === true ? "warn" : "ok"}>{texts.done(took)}</Badge>
      )}
      {run.state === "failed" && <Badge tone="bad">{texts.failedAfter(took)}</Badge>}
      {run.state === "cancelled" && <Badge tone="warn">{texts.cancelledAfter(took)}</Badge>}
    </span>
  );
}
