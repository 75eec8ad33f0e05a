import { inWords } from "@/api/tell";
import { Note } from "@/components/Note";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { isFields, McpFailure } from "@/mcp/wire";
import { Address } from "./Opening";
import { playgroundTexts } from "./texts";

const URLS_FIRST = -32042;

/** Why there is no result: what the server said, with its code; or that nothing could be reached. */
export function Failure({ failure }: { failure: unknown }) {
  const texts = useTexts(playgroundTexts);
  const common = useCommonTexts();
  const unreachable = failure instanceof TypeError;
  const { title, hint } = unreachable
    ? { title: common.unreachable, hint: common.unreachableHint }
    : inWords(failure, common);
  const code = failure instanceof McpFailure && failure.code ? texts.code(failure.code) : "";
  return (
    <div className="space-y-3">
      <Note tone="bad" title={texts.failed}>
        <p>{title.slice(0, 4000)}</p>
        {hint && <p>{hint}</p>}
        {code && <p className="tabular text-xs">{code}</p>}
      </Note>
      {failure instanceof McpFailure && failure.code === URLS_FIRST && <Addresses data={failure.data} />}
    </div>
  );
}

/** A legacy server says with its error which addresses are to be opened before one tries again. */
function Addresses({ data }: { data: unknown }) {
  const texts = useTexts(playgroundTexts);
  const wanted = isFields(data) && Array.isArray(data.elicitations) ? data.elicitations.filter(isFields) : [];
  return (
    <div className="space-y-2">
      <h3 className="text-sm font-medium">{texts.openUrls}</h3>
      {wanted.map((one, at) => (
        <Address key={at} url={String(one.url ?? "")} />
      ))}
    </div>
  );
}
