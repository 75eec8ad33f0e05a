import { useState } from "react";
import type { CapabilityView } from "@/api/schema";
import { Field, Select, Textarea } from "@/components/Fields";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { type Fields, isFields } from "@/mcp/wire";
import { detailTexts } from "./detailTexts";

/** `whole`: what was typed can be used. */
export type Annotations = { value: Fields; whole: boolean };
type Props = { one: CapabilityView; value: Annotations; onChange: (value: Annotations) => void };
const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;

/** What is said of how it behaves: of tools in four questions, of others as JSON. */
export function Annotating(props: Props) {
  return props.one.kind === "tool" ? <Hints {...props} /> : <AsJson {...props} />;
}

function Hints({ one, value, onChange }: Props) {
  const texts = useTexts(detailTexts).overrides;
  const common = useCommonTexts();
  const theirs = isFields(one.definition.annotations) ? one.definition.annotations : {};
  const word = (said: unknown) => (said === true ? common.yes : said === false ? common.no : texts.silent);
  const set = (name: string, said: string) => {
    const { [name]: _, ...rest } = value.value;
    onChange({ value: said ? { ...rest, [name]: said === "yes" } : rest, whole: true });
  };
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">{texts.hints}</legend>
      <p className="text-xs text-muted">{texts.hintsHelp}</p>
      <div className="grid gap-3 sm:grid-cols-2">
        {HINTS.map((name) => (
          <Field key={name} label={<span className="font-normal">{texts.hint[name]}</span>}>
            {(wiring) => (
              <Select
                {...wiring}
                value={value.value[name] === true ? "yes" : value.value[name] === false ? "no" : ""}
                onChange={(event) => set(name, event.target.value)}
                options={[
                  { value: "", label: texts.asThere(word(theirs[name])) },
                  { value: "yes", label: common.yes },
                  { value: "no", label: common.no },
                ]}
              />
            )}
          </Field>
        ))}
      </div>
    </fieldset>
  );
}

function AsJson({ value, onChange }: Props) {
  const texts = useTexts(detailTexts).overrides;
  const [text, setText] = useState(() =>
    Object.keys(value.value).length ? JSON.stringify(value.value, null, 2) : "",
  );
  const type = (next: string) => {
    setText(next);
    const read = objectOf(next);
    onChange(read ? { value: read, whole: true } : { ...value, whole: false });
  };
  return (
    <Field label={texts.asJson} required={false} error={value.whole ? undefined : texts.badJson}>
      {(wiring) => (
        <Textarea
          {...wiring}
          className="min-h-16 font-mono text-xs"
          spellCheck={false}
          placeholder='{"audience": ["user"], "priority": 0.5}'
          value={text}
          onChange={(event) => type(event.target.value)}
        />
      )}
    </Field>
  );
}

function objectOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}
