import { useState } from "react";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { type Fields, isFields } from "@/mcp/wire";
import { detailTexts } from "./detailTexts";
import { flattened, words, written } from "./playground/form/shape";

/** What is deeper is shown when it is asked for: schemas may go on forever. */
const SHOWN = 2;
const MOST = 200;
const MOST_INSIDE = 60;
type Texts = ReturnType<typeof useTexts<(typeof detailTexts)["en"]>>;

/** A JSON Schema to be read: names, types, what is needed, what is said of each. */
export function SchemaTree({ schema, empty }: { schema: unknown; empty: string }) {
  const flat = safely(schema, schema);
  if (!flat) return <p className="text-sm text-muted">{empty}</p>;
  const properties = propertiesOf(flat);
  if (properties.length === 0) {
    const only = flat.type === "object" || flat.type === undefined;
    return <p className="text-sm text-muted">{only ? empty : <TypeOf schema={flat} root={schema} />}</p>;
  }
  return <Rows properties={properties} required={requiredOf(flat)} root={schema} depth={0} />;
}

type RowsProps = {
  properties: [string, unknown][];
  required: ReadonlySet<unknown>;
  root: unknown;
  depth: number;
};

function Rows({ properties, required, root, depth }: RowsProps) {
  const most = depth ? MOST_INSIDE : MOST;
  return (
    <ul
      className={
        depth
          ? "mt-2 space-y-3 border-l-2 border-line pl-4"
          : "divide-y divide-line [&>li]:py-2.5 [&>li:first-child]:pt-0 [&>li:last-child]:pb-0"
      }
    >
      {properties.slice(0, most).map(([name, schema]) => (
        <li key={name}>
          <Row name={name} schema={schema} required={required.has(name)} root={root} depth={depth} />
        </li>
      ))}
      {properties.length > most && <li className="text-xs text-muted">+{properties.length - most}</li>}
    </ul>
  );
}

type RowProps = { name: string; schema: unknown; required: boolean; root: unknown; depth: number };

function Row({ name, schema, required, root, depth }: RowProps) {
  const common = useCommonTexts();
  const texts = useTexts(detailTexts);
  const flat = safely(schema, root) ?? {};
  const inner = innerOf(flat, root);
  const properties = propertiesOf(inner);
  const facts = factsOf(flat, texts);
  const [open, setOpen] = useState(depth < SHOWN);
  return (
    <div className="min-w-0 text-sm">
      <div className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
        <code className="font-mono text-[0.8125rem] font-medium break-all">{name}</code>
        <span className="text-xs text-muted">
          <TypeOf schema={flat} root={root} />
        </span>
        {required && <span className="text-xs font-medium text-accent">{common.required}</span>}
        {facts && <span className="min-w-0 text-xs break-words text-muted">{facts}</span>}
      </div>
      {words(flat.title) && words(flat.title) !== name && (
        <p className="mt-0.5 text-xs font-medium">{words(flat.title)}</p>
      )}
      {words(flat.description) && (
        <p className="mt-0.5 max-w-[80ch] text-xs break-words text-muted">{words(flat.description)}</p>
      )}
      {properties.length > 0 && open && (
        <Rows properties={properties} required={requiredOf(inner)} root={root} depth={depth + 1} />
      )}
      {properties.length > 0 && !open && (
        <button
          type="button"
          onClick={() => setOpen(true)}
          className="min-h-6 text-xs text-accent hover:underline"
        >
          {texts.more}
        </button>
      )}
    </div>
  );
}

function TypeOf({ schema, root }: { schema: Fields; root: unknown }) {
  const texts = useTexts(detailTexts);
  return <>{typeOf(schema, root, texts, 0)}</>;
}

function typeOf(schema: Fields, root: unknown, texts: Texts, step: number): string {
  if ("const" in schema) return written(schema.const);
  if (Array.isArray(schema.enum)) return texts.one(schema.enum.slice(0, 12).map(written).join(", "));
  const parts = Array.isArray(schema.oneOf) ? schema.oneOf : schema.anyOf;
  if (Array.isArray(parts) && schema.type === undefined && step < 3) {
    const said = parts.slice(0, 6).map((one) => typeOf(safely(one, root) ?? {}, root, texts, step + 1));
    return [...new Set(said)].join(texts.or);
  }
  if (schema.type === "array" && step < 4) {
    const items = safely(schema.items, root);
    return texts.listOf(items ? typeOf(items, root, texts, step + 1) : texts.any);
  }
  if (Array.isArray(schema.type)) return schema.type.map(String).join(texts.or);
  return typeof schema.type === "string" ? schema.type : isFields(schema.properties) ? "object" : texts.any;
}

const SAID = [
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "pattern",
];

function factsOf(schema: Fields, texts: Texts): string {
  const facts = SAID.filter((name) => schema[name] !== undefined).map(
    (name) => `${name} ${written(schema[name])}`,
  );
  if (schema.default !== undefined) facts.push(texts.default(written(schema.default)));
  return facts.join(" · ");
}

/** What is inside: of an object itself, of a list its entries, of a choice its first object. */
function innerOf(schema: Fields, root: unknown): Fields {
  if (isFields(schema.properties)) return schema;
  if (schema.type === "array") return safely(schema.items, root) ?? {};
  const parts = Array.isArray(schema.oneOf) ? schema.oneOf : Array.isArray(schema.anyOf) ? schema.anyOf : [];
  return parts.map((one) => safely(one, root)).find((one) => one && isFields(one.properties)) ?? {};
}

function propertiesOf(schema: Fields): [string, unknown][] {
  return isFields(schema.properties) ? Object.entries(schema.properties) : [];
}

function requiredOf(schema: Fields): ReadonlySet<unknown> {
  return new Set(Array.isArray(schema.required) ? schema.required : []);
}

function safely(schema: unknown, root: unknown): Fields | null {
  try {
    return flattened(schema, root);
  } catch {
    return null;
  }
}
