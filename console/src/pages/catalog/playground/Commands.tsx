import { Code } from "@/components/Code";
import { useTexts } from "@/lib/i18n";
import type { Era } from "@/mcp/wire";
import { cli, curl, python } from "./commands";
import { playgroundTexts } from "./texts";
import type { Target, Tried, Wanted } from "./wanted";

export type CommandsProps = {
  era: Era;
  target: Target;
  url: string;
  name: string;
  wanted: Wanted;
  tried: Tried;
};

/** The same call to copy, with the arguments as they are written now. */
export function Commands({ era, target, url, name, wanted, tried }: CommandsProps) {
  const texts = useTexts(playgroundTexts);
  return (
    <div className="space-y-3">
      <p className="text-xs text-muted">{texts.tokenHint}</p>
      <Code title={texts.curl} text={curl(era, url, wanted)} />
      <Code title={texts.cli} text={cli(target, tried, name, wanted)} />
      <p className="text-xs text-muted">{texts.notAsked}</p>
      <Code title={texts.python} text={python(era, url, wanted)} />
    </div>
  );
}
