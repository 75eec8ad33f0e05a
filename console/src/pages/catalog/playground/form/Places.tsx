import { useEffect, useState } from "react";
import { Input, Select, Textarea } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import type { PartProps } from "./Node";
import { type Choice, written } from "./shape";
import { formTexts } from "./texts";
import { Unfinished } from "./values";

type Wiring = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };
type Place = PartProps & { wiring: Wiring };

/** A single control: a text, a number, a choice. Nothing in it means: not sent. */
export function ControlPlace(props: Place) {
  const { shape } = props.described;
  if (shape.kind === "number") return <NumberPlace {...props} />;
  if (shape.kind === "boolean") return <BooleanPlace {...props} />;
  if (shape.kind === "choice") return <ChoicePlace {...props} options={shape.options} />;
  return <TextPlace {...props} />;
}

export function ConstPlace({ value, onChange, required, described: { shape }, wiring }: Place) {
  const texts = useTexts(formTexts);
  const fixed = shape.kind === "const" ? shape.value : undefined;
  if (required)
    return <Input {...wiring} readOnly value={written(fixed)} title={texts.always} className="text-muted" />;
  return (
    <Select
      {...wiring}
      value={value === undefined ? "" : "set"}
      onChange={(event) => onChange(event.target.value ? fixed : undefined)}
      options={[
        { value: "", label: texts.notSet },
        { value: "set", label: written(fixed) },
      ]}
    />
  );
}

function BooleanPlace({ value, onChange, required, wiring }: Place) {
  const texts = useTexts(formTexts);
  const options = [
    { value: "true", label: texts.true },
    { value: "false", label: texts.false },
  ];
  return (
    <Select
      {...wiring}
      value={typeof value === "boolean" ? String(value) : ""}
      onChange={(event) => onChange(event.target.value ? event.target.value === "true" : undefined)}
      options={required && value !== undefined ? options : [{ value: "", label: texts.notSet }, ...options]}
    />
  );
}

function ChoicePlace({ value, onChange, required, options, wiring }: Place & { options: Choice[] }) {
  const texts = useTexts(formTexts);
  const at = options.findIndex((one) => JSON.stringify(one.value) === JSON.stringify(value));
  const none = { value: "", label: required ? texts.choose : texts.notSet };
  return (
    <Select
      {...wiring}
      value={at < 0 ? "" : String(at)}
      onChange={(event) =>
        onChange(event.target.value ? options[Number(event.target.value)]?.value : undefined)
      }
      options={[none, ...options.map((one, index) => ({ value: String(index), label: one.label }))]}
    />
  );
}

function NumberPlace({ value, onChange, wiring }: Place) {
  const [typed, type] = useTyped(value, numberOf, (one) =>
    one instanceof Unfinished ? one.text : typeof one === "number" ? String(one) : "",
  );
  return (
    <Input
      {...wiring}
      inputMode="decimal"
      className="tabular max-w-60"
      value={typed}
      onChange={(event) => onChange(type(event.target.value))}
    />
  );
}

function numberOf(text: string): unknown {
  if (!text.trim()) return undefined;
  return Number.isFinite(Number(text)) ? Number(text) : new Unfinished(text, "number");
}

const INPUT_TYPES: Record<string, string> = { date: "date", email: "email", uri: "url", time: "time" };

function TextPlace({ value, onChange, described: { shape }, wiring }: Place) {
  const format = shape.kind === "text" ? shape.format : "";
  const text = typeof value === "string" ? value : "";
  const set = (next: string) => onChange(next === "" ? undefined : next);
  if (format === "date-time" && (!text || !Number.isNaN(Date.parse(text)))) {
    return <Moment text={text} set={set} wiring={wiring} />;
  }
  const short = shape.kind === "text" && shape.longest !== undefined && shape.longest <= 120;
  if (format || short) {
    const type = INPUT_TYPES[format] ?? "text";
    return <Input {...wiring} type={type} value={text} onChange={(event) => set(event.target.value)} />;
  }
  return (
    <Textarea
      {...wiring}
      rows={1}
      className="block field-sizing-content max-h-80 min-h-8 resize-none"
      value={text}
      onChange={(event) => set(event.target.value)}
    />
  );
}

function Moment({ text, set, wiring }: { text: string; set: (text: string) => void; wiring: Wiring }) {
  const shown = text ? local(new Date(text)) : "";
  return (
    <Input
      {...wiring}
      type="datetime-local"
      step={1}
      className="max-w-72"
      value={shown}
      onChange={(event) => set(event.target.value ? new Date(event.target.value).toISOString() : "")}
    />
  );
}

/** As `datetime-local` has it: this clock's time, without a zone. */
function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function RawPlace({ value, onChange, wiring }: Place) {
  const [typed, type] = useTyped(value, jsonOf, (one) =>
    one instanceof Unfinished ? one.text : one === undefined ? "" : JSON.stringify(one, null, 2),
  );
  return (
    <Textarea
      {...wiring}
      spellCheck={false}
      rows={2}
      className="block field-sizing-content max-h-80 min-h-14 resize-none font-mono text-xs"
      value={typed}
      onChange={(event) => onChange(type(event.target.value))}
    />
  );
}

function jsonOf(text: string): unknown {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new Unfinished(text, "json");
  }
}

/** Keeps the letters that were typed as long as they mean the value that is there; `1.` is on its way to `1.5`. */
function useTyped(
  value: unknown,
  read: (text: string) => unknown,
  write: (value: unknown) => string,
): [string, (text: string) => unknown] {
  const [typed, setTyped] = useState(() => write(value));
  const same = JSON.stringify(read(typed)) === JSON.stringify(value);
  useEffect(() => {
    if (!same) setTyped(write(value));
  }, [value]);
  const type = (text: string) => {
    setTyped(text);
    return read(text);
  };
  return [same ? typed : write(value), type];
}
