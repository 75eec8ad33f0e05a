import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useRef, useState } from "react";
import { Field, Input } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import { bearer } from "@/mcp/authorization";
import { connect } from "@/mcp/client";
import { type Client, type Era, type Fields, isFields } from "@/mcp/wire";
import type { Problems } from "./form/check";
import { Name } from "./form/Node";
import { useProblemWords } from "./form/problemWords";
import { playgroundTexts } from "./texts";
import type { Draft } from "./useDraft";
import { type Argument, argumentsOf, type Tried } from "./wanted";

export type Line = { era: Era; url: string; name: string };
type Complete = (argument: string, begun: string, values: Fields) => Promise<string[]>;

/** Arguments of a prompt, or variables of a template: texts, with what the server proposes for what was begun. */
export function Suggested({
  tried,
  draft,
  problems,
  line,
}: {
  tried: Tried;
  draft: Draft;
  problems: Problems;
  line: Line;
}) {
  const texts = useTexts(playgroundTexts);
  const words = useProblemWords(problems);
  const complete = useCompletions(tried, line);
  const fields = argumentsOf(tried);
  if (!fields.length) return <p className="text-sm text-muted">{texts.nothing}</p>;
  return (
    <div className="space-y-4">
      {fields.map((one) => (
        <Place
          key={one.name}
          argument={one}
          draft={draft}
          error={words(`/${one.name}`)}
          complete={complete}
          about={`${line.url} ${tried.id} ${one.name}`}
        />
      ))}
    </div>
  );
}

type PlaceProps = {
  argument: Argument;
  draft: Draft;
  error: string | undefined;
  complete: Complete;
  about: string;
};

function Place({ argument, draft, error, complete, about }: PlaceProps) {
  const list = useId();
  const [focused, setFocused] = useState(false);
  const text = typeof draft.value[argument.name] === "string" ? String(draft.value[argument.name]) : "";
  const begun = useDeferredValue(text);
  const proposed = useQuery({
    queryKey: ["completions", about, begun],
    queryFn: () => complete(argument.name, begun, draft.value),
    enabled: focused,
    retry: false,
    staleTime: 60_000,
  });
  return (
    <Field
      label={<Name title={argument.title || argument.name} name={argument.name} />}
      help={argument.description || undefined}
      error={error}
      required={argument.required}
    >
      {(wiring) => (
        <>
          <Input
            {...wiring}
            list={list}
            value={text}
            onFocus={() => setFocused(true)}
            onChange={(event) => draft.fill({ ...draft.value, [argument.name]: event.target.value })}
          />
          <datalist id={list}>
            {(proposed.data ?? []).map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** Proposals of the server; none where it says that it has no completions. The line is opened with the first question. */
function useCompletions(tried: Tried, { era, url, name }: Line): Complete {
  const client = useRef<Client | null>(null);
  const able = useRef<Promise<boolean> | null>(null);
  useEffect(() => () => void client.current?.close().catch(() => undefined), []);
  const ref = tried.kind === "prompt" ? { type: "ref/prompt", name } : { type: "ref/resource", uri: name };
  return async (argument, begun, values) => {
    client.current ??= connect(era, { url, bearer, listener: {} });
    const line = client.current;
    able.current ??= line.capabilities().then((found) => found.completions !== undefined);
    if (!(await able.current)) return [];
    const given = Object.entries(values).filter(
      ([key, one]) => key !== argument && typeof one === "string" && one,
    );
    const params = {
      ref,
      argument: { name: argument, value: begun },
      ...(given.length ? { context: { arguments: Object.fromEntries(given) } } : {}),
    };
    const { completion } = await line.request("completion/complete", params);
    const found = isFields(completion) && Array.isArray(completion.values) ? completion.values : [];
    return found.filter((one) => typeof one === "string");
  };
}
