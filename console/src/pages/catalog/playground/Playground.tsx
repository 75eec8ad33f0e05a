import { useCallback, useMemo } from "react";
import { Section } from "@/components/Page";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import type { Era } from "@/mcp/wire";
import { AnswerPanel } from "./AnswerPanel";
import { ArgumentsPanel } from "./ArgumentsPanel";
import { playgroundTexts } from "./texts";
import { useDraft } from "./useDraft";
import { useEra } from "./useEra";
import { useRun } from "./useRun";
import { type Target, type Tried, urlOf, type Wanted, wantedOf } from "./wanted";

type Props = { target: Target; capability: Tried /** As it is called at the target. */; name: string };

/** Calls a tool, gets a prompt, reads a resource: over MCP, as an agent would, with a person to answer questions. */
export function Playground(props: Props) {
  const { era, isLoading } = useEra(props.capability.upstream.id, props.target);
  if (isLoading) return <SkeletonLines />;
  return <Bench key={`${urlOf(props.target)} ${props.capability.id} ${props.name}`} {...props} era={era} />;
}

function Bench({ target, capability, name, era }: Props & { era: Era }) {
  const texts = useTexts(playgroundTexts);
  const url = urlOf(target);
  const { run, start, cancel } = useRun(era, url);
  const draft = useDraft(`${url} ${capability.id} ${name}`, capability);
  const wanted = useMemo<Wanted>(
    () => wantedOf(capability, name, draft.value),
    [capability, name, draft.value],
  );
  const send = useCallback(() => void start(wanted), [start, wanted]);
  return (
    <div className="grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <Section title={texts.arguments} about={texts.about(texts.eras[era])}>
        <ArgumentsPanel
          tried={capability}
          draft={draft}
          wanted={wanted}
          line={{ era, url, name }}
          running={run.state === "running"}
          again={run.state !== "idle"}
          send={send}
          cancel={cancel}
        />
      </Section>
      <AnswerPanel run={run} tried={capability} commands={{ era, target, url, name, wanted }} />
    </div>
  );
}
