import { Plus, X } from "lucide-react";
import { Button, IconButton } from "@/components/Button";
import { Checkbox, Field, Input, Select } from "@/components/Fields";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { type ArgumentDraft, type ArgumentType, NEW_ARGUMENT } from "./drafts";
import { ownTexts } from "./texts";

type Props = {
  values: ArgumentDraft[];
  onChange: (values: ArgumentDraft[]) => void;
  /** Of a template: its names stand in the URI. */
  named?: boolean;
};
const TYPES: ArgumentType[] = ["string", "integer", "number", "boolean", "enum"];

/** What texts are filled in with: names, types, what must be given. */
export function ArgumentsEditor({ values, onChange, named = false }: Props) {
  const texts = useTexts(ownTexts).arguments;
  const set = (at: number, part: Partial<ArgumentDraft>) =>
    onChange(values.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return (
    <div className="space-y-3">
      {values.length === 0 && <p className="text-sm text-muted">{texts.none}</p>}
      {values.map((one, at) => (
        <Row
          key={at}
          argument={one}
          set={(part) => set(at, part)}
          named={named}
          label={one.name || texts.unnamed(at + 1)}
          remove={() => onChange(values.filter((_, index) => index !== at))}
        />
      ))}
      {!named && (
        <Button onClick={() => onChange([...values, NEW_ARGUMENT])}>
          <Plus aria-hidden />
          {texts.add}
        </Button>
      )}
    </div>
  );
}

type RowProps = {
  argument: ArgumentDraft;
  set: (part: Partial<ArgumentDraft>) => void;
  named: boolean;
  label: string;
  remove: () => void;
};

function Row({ argument, set, named, label, remove }: RowProps) {
  const texts = useTexts(ownTexts).arguments;
  const common = useCommonTexts();
  return (
    <div role="group" aria-label={label} className="space-y-3 rounded-md border border-line p-3">
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem_auto]">
        <Field label={common.name}>
          {(wiring) => (
            <Input
              {...wiring}
              className="font-mono text-[0.8125rem]"
              value={argument.name}
              readOnly={named}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label={texts.type}>
          {(wiring) => (
            <Select
              {...wiring}
              value={argument.type}
              onChange={(event) => set({ type: event.target.value as ArgumentType, default: "" })}
              options={TYPES.map((type) => ({ value: type, label: texts.types[type] }))}
            />
          )}
        </Field>
        {!named && (
          <div className="self-end justify-self-end">
            <IconButton label={texts.remove(label)} onClick={remove}>
              <X aria-hidden />
            </IconButton>
          </div>
        )}
      </div>
      {argument.type === "enum" && (
        <Field label={texts.choices}>
          {(wiring) => (
            <TagInput
              id={wiring.id}
              values={argument.choices}
              onChange={(choices) => set({ choices })}
              placeholder={texts.choicesPlaceholder}
            />
          )}
        </Field>
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={common.description} required={false}>
          {(wiring) => (
            <Input
              {...wiring}
              value={argument.description}
              onChange={(event) => set({ description: event.target.value })}
            />
          )}
        </Field>
        {!named && <Default argument={argument} set={set} />}
      </div>
      {!named && (
        <Checkbox
          label={texts.required}
          checked={argument.required}
          onChange={(required) => set({ required })}
        />
      )}
    </div>
  );
}

function Default({ argument, set }: Pick<RowProps, "argument" | "set">) {
  const texts = useTexts(ownTexts).arguments;
  const common = useCommonTexts();
  const choices = argument.type === "boolean" ? ["true", "false"] : argument.choices;
  const label = (one: string) =>
    argument.type === "boolean" ? (one === "true" ? common.yes : common.no) : one;
  const picks = argument.type === "boolean" || argument.type === "enum";
  return (
    <Field label={texts.default} required={false}>
      {(wiring) =>
        picks ? (
          <Select
            {...wiring}
            value={argument.default}
            onChange={(event) => set({ default: event.target.value })}
            options={[
              { value: "", label: common.none },
              ...choices.map((one) => ({ value: one, label: label(one) })),
            ]}
          />
        ) : (
          <Input
            {...wiring}
            value={argument.default}
            onChange={(event) => set({ default: event.target.value })}
          />
        )
      }
    </Field>
  );
}
