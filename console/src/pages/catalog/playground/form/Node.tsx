import { Checkbox, Field } from "@/components/Fields";
import { useTexts } from "@/lib/i18n";
import { ListPart, ObjectPart, SeveralPart, VariantPart } from "./Parts";
import { ConstPlace, ControlPlace, RawPlace } from "./Places";
import { DEEPEST, type Described, describe } from "./shape";
import { formTexts } from "./texts";
import { startOf } from "./values";

export type NodeProps = {
  schema: unknown;
  root: unknown;
  value: unknown;
  onChange: (value: unknown) => void;
  /** JSON pointer of the place. */
  path: string;
  name: string;
  required: boolean;
  depth: number;
  /** What is wrong at a pointer. */
  words: (path: string) => string | undefined;
};
export type PartProps = NodeProps & { described: Described; label: string };

/** One place of a schema, as the part of the form that suits it. */
export function Node(props: NodeProps) {
  const described = describe(props.schema, props.root);
  const label = described.title || props.name;
  const part = { ...props, described, label };
  if (!described.nullable) return <Part {...part} />;
  return <Nullable {...part} />;
}

function Part(props: PartProps) {
  const { shape } = props.described;
  const deep = props.depth > DEEPEST;
  if (shape.kind === "object" && !deep) return <ObjectPart {...props} />;
  if (shape.kind === "list" && !deep) return <ListPart {...props} />;
  if (shape.kind === "variants" && !deep) return <VariantPart {...props} />;
  if (shape.kind === "several") return <SeveralPart {...props} />;
  return <Labelled {...props} deep={deep} />;
}

function Labelled({ deep, ...props }: PartProps & { deep: boolean }) {
  const texts = useTexts(formTexts);
  const { shape, description } = props.described;
  const plain =
    shape.kind === "text" || shape.kind === "number" || shape.kind === "boolean" || shape.kind === "choice";
  const label = props.label || texts.asJson;
  return (
    <Field
      label={<Name title={label} name={props.name} />}
      help={<Help text={description} limits={limitsOf(props, texts)} />}
      error={props.words(props.path)}
      required={props.required}
    >
      {(wiring) => {
        if (shape.kind === "const") return <ConstPlace {...props} wiring={wiring} />;
        if (plain && !deep) return <ControlPlace {...props} wiring={wiring} />;
        return <RawPlace {...props} wiring={wiring} />;
      }}
    </Field>
  );
}

function Nullable(props: PartProps) {
  const texts = useTexts(formTexts);
  const isNull = props.value === null;
  const set = (to: boolean) => props.onChange(to ? null : startOf(props.schema, props.root, props.required));
  return (
    <div className="space-y-1.5">
      {isNull ? (
        <p className="text-sm font-medium">
          <Name title={props.label} name={props.name} />
        </p>
      ) : (
        <Part {...props} />
      )}
      <Checkbox
        checked={isNull}
        onChange={set}
        label={<span className="text-xs text-muted">{texts.sendNull}</span>}
      />
    </div>
  );
}

/** The title, and beside it the name that travels, where they are two. */
export function Name({ title, name }: { title: string; name: string }) {
  return (
    <>
      <span className="min-w-0 break-words">{title}</span>
      {name && title !== name && <code className="font-mono text-xs font-normal text-muted">{name}</code>}
    </>
  );
}

export function Help({ text, limits }: { text: string; limits?: string }) {
  if (!text && !limits) return undefined;
  return (
    <>
      <span className="break-words">{text}</span>
      {limits && <span className="tabular">{text ? ` (${limits})` : limits}</span>}
    </>
  );
}

type FormTexts = ReturnType<typeof useTexts<(typeof formTexts)["en"]>>;

function limitsOf({ described: { shape } }: PartProps, words: FormTexts): string {
  if (shape.kind !== "number") return "";
  const { least, most } = shape;
  if (least !== undefined && most !== undefined) return words.between(String(least), String(most));
  if (least !== undefined) return words.atLeast(String(least));
  return most !== undefined ? words.atMost(String(most)) : "";
}
