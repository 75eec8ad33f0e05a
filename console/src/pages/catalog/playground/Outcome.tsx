import { Badge } from "@/components/Badge";
import { JsonCode } from "@/components/Code";
import { Note } from "@/components/Note";
import { useTexts } from "@/lib/i18n";
import { type Fields, isFields } from "@/mcp/wire";
import { Block, Contents } from "./Blocks";
import { check } from "./form/check";
import { playgroundTexts } from "./texts";
import type { Tried } from "./wanted";

/** The result of a call, a prompt or a read resource. */
export function Outcome({ result, tried }: { result: Fields; tried: Tried }) {
  if (tried.kind === "tool") return <ToolOutcome result={result} schema={tried.definition.outputSchema} />;
  if (tried.kind === "prompt") return <Messages result={result} />;
  return <List of={result.contents}>{(one, at) => <Contents contents={one} at={at} />}</List>;
}

function ToolOutcome({ result, schema }: { result: Fields; schema: unknown }) {
  const texts = useTexts(playgroundTexts);
  return (
    <div className="space-y-4">
      {result.isError === true && <Note tone="warn">{texts.toolFailed}</Note>}
      {result.structuredContent === undefined ? (
        <List of={result.content}>{(one, at) => <Block block={one} at={at} />}</List>
      ) : (
        <Both result={result} schema={schema} />
      )}
    </div>
  );
}

/** What machines read, and what people do: tools say both, and they should say the same. */
function Both({ result, schema }: { result: Fields; schema: unknown }) {
  const texts = useTexts(playgroundTexts);
  const misfit = schema !== undefined && check(schema, result.structuredContent).size > 0;
  const hasContent = Array.isArray(result.content) && result.content.length > 0;
  return (
    <>
      <div className="space-y-2">
        <h3 className="flex flex-wrap items-center gap-2 text-xs font-medium text-muted">
          {texts.structured}
          {schema !== undefined && !misfit && <Badge tone="ok">{texts.fits}</Badge>}
        </h3>
        {misfit && <Note tone="warn">{texts.misfit}</Note>}
        <JsonCode value={result.structuredContent} title="JSON" />
      </div>
      {hasContent && (
        <div className="space-y-2">
          <h3 className="text-xs font-medium text-muted">{texts.content}</h3>
          <List of={result.content}>{(one, at) => <Block block={one} at={at} />}</List>
        </div>
      )}
    </>
  );
}

function Messages({ result }: { result: Fields }) {
  const texts = useTexts(playgroundTexts);
  const roles: Record<string, string> = texts.roles;
  return (
    <div className="space-y-4">
      {typeof result.description === "string" && (
        <p className="text-sm break-words text-muted">{result.description.slice(0, 4000)}</p>
      )}
      <List of={result.messages}>
        {(one, at) => (
          <div className="space-y-1.5">
            <h3 className="text-xs font-medium text-muted">{roles[String(one.role)] ?? String(one.role)}</h3>
            <Block block={isFields(one.content) ? one.content : {}} at={at} />
          </div>
        )}
      </List>
    </div>
  );
}

function List({ of, children }: { of: unknown; children: (one: Fields, at: number) => React.ReactNode }) {
  const texts = useTexts(playgroundTexts);
  const items = Array.isArray(of) ? of.filter(isFields) : [];
  if (items.length === 0) return <p className="text-sm text-muted">{texts.empty}</p>;
  return (
    <div className="space-y-3">
      {items.map((one, at) => (
        <div key={at}>{children(one, at)}</div>
      ))}
    </div>
  );
}
