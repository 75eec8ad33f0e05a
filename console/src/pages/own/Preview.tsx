import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ask } from "@/api/client";
import type { Argument, Message } from "@/api/schema";
import { inWords } from "@/api/tell";
import { Field, Input, Select } from "@/components/Fields";
import { Note } from "@/components/Note";
import { Section } from "@/components/Page";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import type { Fields } from "@/mcp/wire";
import { Block } from "../catalog/playground/Blocks";
import { ownTexts } from "./texts";

const PAUSE = 350;
type Props = {
  parameters: Argument[];
  messages: Message[] /** Without roles, as for a text alone. */;
  plain?: boolean;
};

/** What agents would get, filled in with values to try, while it is being written. */
export function Preview({ parameters, messages, plain = false }: Props) {
  const texts = useTexts(ownTexts);
  const common = useCommonTexts();
  const [values, setValues] = useState<Record<string, string>>({});
  const named = parameters.filter((one) => one.name);
  const given = Object.fromEntries(
    named.map((one) => [one.name, values[one.name] || filler(one)]).filter(([, value]) => value !== ""),
  );
  const body = useSettled({ arguments: named, messages, values: given });
  const written = messages.some(hasContent);
  const query = useQuery({
    queryKey: ["prompts", "preview", body],
    queryFn: () => ask(api.POST("/prompts/preview", { body })),
    enabled: written,
    retry: false,
    placeholderData: keepPreviousData,
  });
  const problem = query.error ? inWords(query.error, common) : null;
  return (
    <Section title={texts.preview.title} about={texts.preview.about}>
      <div className="space-y-4">
        {named.length > 0 && (
          <div className="grid gap-3 sm:grid-cols-2">
            {named.map((one) => (
              <Value
                key={one.name}
                argument={one}
                value={values[one.name] ?? ""}
                onChange={(value) => setValues({ ...values, [one.name]: value })}
              />
            ))}
          </div>
        )}
        {problem && (
          <Note tone="warn" title={problem.title}>
            {problem.hint}
          </Note>
        )}
        {!written && <p className="text-sm text-muted">{texts.preview.empty}</p>}
        {written && !problem && <Rendered messages={query.data?.messages ?? []} plain={plain} />}
      </div>
    </Section>
  );
}

function Rendered({
  messages,
  plain,
}: {
  messages: { role: "user" | "assistant"; content: unknown }[];
  plain: boolean;
}) {
  const texts = useTexts(ownTexts).messages;
  return (
    <ol className="space-y-3">
      {messages.map((one, at) => (
        <li key={at} className="space-y-1.5">
          {!plain && <p className="text-xs font-medium text-muted">{texts.roles[one.role]}</p>}
          <Block block={one.content as Fields} at={at} />
        </li>
      ))}
    </ol>
  );
}

function Value({
  argument,
  value,
  onChange,
}: {
  argument: Argument;
  value: string;
  onChange: (value: string) => void;
}) {
  const choices =
    argument.type === "boolean"
      ? ["true", "false"]
      : argument.type === "enum"
        ? (argument.choices ?? [])
        : null;
  return (
    <Field label={argument.name} required={argument.required ? undefined : false}>
      {(wiring) =>
        choices ? (
          <Select
            {...wiring}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            options={[{ value: "", label: "–" }, ...choices.map((one) => ({ value: one, label: one }))]}
          />
        ) : (
          <Input
            {...wiring}
            placeholder={filler(argument)}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

function hasContent({ content }: Message): boolean {
  if (typeof content === "string") return content !== "";
  if (content.type === "text") return content.text !== "";
  return content.type === "resource" ? content.resource.uri !== "" : content.data !== "";
}

/** Something to show where a value must be given and none is yet. */
function filler(argument: Argument): string {
  if (!argument.required || (argument.default ?? null) !== null) return "";
  if (argument.type === "integer" || argument.type === "number") return "1";
  if (argument.type === "boolean") return "true";
  return argument.type === "enum" ? (argument.choices?.[0] ?? "") : `[${argument.name}]`;
}

/** The same, once the typing pauses. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(text) as T), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
