import { ExternalLink } from "lucide-react";
import { Button, buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Note } from "@/components/Note";
import { useTexts } from "@/lib/i18n";
import { words } from "./form/shape";
import { Refusals, Said } from "./Questions";
import { playgroundTexts } from "./texts";
import type { Asked } from "./useRun";

/** A question that is answered on a page elsewhere: an address to open, told in full before it is opened. */
export function Opening({ asked }: { asked: Asked }) {
  const texts = useTexts(playgroundTexts);
  const { message, url } = asked.question.params;
  return (
    <div className="space-y-3">
      <Said>{words(message)}</Said>
      <p className="text-sm text-muted">{texts.link.about}</p>
      <Address url={String(url ?? "")} />
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" onClick={() => asked.answer({ result: { action: "accept" } })}>
          {texts.link.done}
        </Button>
        <Refusals asked={asked} />
      </div>
    </div>
  );
}

/** An address from a stranger: to be read as a whole, and opened only where it is one of the web. */
export function Address({ url }: { url: string }) {
  const texts = useTexts(playgroundTexts);
  const parsed = webAddress(url);
  return (
    <div className="space-y-2">
      <p className="text-xs break-all text-muted">
        <Mono>{url.slice(0, 2000)}</Mono>
      </p>
      {parsed ? (
        <a
          href={parsed.href}
          target="_blank"
          rel="noopener noreferrer"
          className={buttonStyle({ kind: "plain" })}
        >
          <ExternalLink aria-hidden />
          {texts.link.open(parsed.host)}
        </a>
      ) : (
        <Note tone="warn">{texts.link.unsafe}</Note>
      )}
    </div>
  );
}

function webAddress(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : null;
}
