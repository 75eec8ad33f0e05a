import { Plus, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button, IconButton } from "@/components/Button";
import { Checkbox, Select } from "@/components/Fields";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { isFields } from "@/mcp/wire";
import { Help, Name, Node, type PartProps } from "./Node";
import { describe, type Property } from "./shape";
import { formTexts } from "./texts";
import { escaped, startOf, startOfObject, withField } from "./values";

const MOST_AT_ONCE = 40;

/** A group with its name, help and what is wrong with it as a whole. The outermost one is the form itself. */
function Group({ part, children, action }: { part: PartProps; children: ReactNode; action?: ReactNode }) {
  const common = useCommonTexts();
  const error = part.path && part.described.shape.kind !== "variants" ? part.words(part.path) : undefined;
  if (!part.path) return <div className="space-y-4">{children}</div>;
  return (
    <fieldset className="min-w-0 space-y-3">
      <div className="flex items-start justify-between gap-2">
        <legend className="contents">
          <span className="flex min-w-0 flex-wrap items-baseline gap-1.5 text-sm font-medium">
            <Name title={part.label} name={part.name} />
            {!part.required && <span className="text-xs font-normal text-faint">{common.optional}</span>}
          </span>
        </legend>
        {action}
      </div>
      {part.described.description && (
        <p className="text-xs text-muted">
          <Help text={part.described.description} />
        </p>
      )}
      {error && <p className="text-xs font-medium text-bad">{error}</p>}
      <div className="space-y-4 border-l-2 border-line pl-4">{children}</div>
    </fieldset>
  );
}

function AddButton({ part, fresh }: { part: PartProps; fresh: () => unknown }) {
  const texts = useTexts(formTexts);
  const error = part.words(part.path);
  return (
    <div className="space-y-1">
      <Button size="small" onClick={() => part.onChange(fresh())}>
        <Plus aria-hidden />
        {texts.add(part.label)}
      </Button>
      {error && <p className="text-xs font-medium text-bad">{error}</p>}
    </div>
  );
}

function Drop({ part }: { part: PartProps }) {
  const texts = useTexts(formTexts);
  if (part.required) return null;
  return (
    <IconButton label={texts.remove(part.label)} onClick={() => part.onChange(undefined)}>
      <X aria-hidden />
    </IconButton>
  );
}

export function ObjectPart(part: PartProps) {
  const { value, path, required } = part;
  const { shape } = part.described;
  const [all, setAll] = useState(false);
  const texts = useTexts(formTexts);
  const properties = shape.kind === "object" ? shape.properties : [];
  if (path && value === undefined && (!required || part.depth > 1)) {
    return <AddButton part={part} fresh={() => startOfObject(part.schema, part.root, part.depth)} />;
  }
  const needed = properties.filter((one, at) => at < MOST_AT_ONCE || one.required || has(value, one));
  const shown = all ? properties : needed;
  return (
    <Group part={part} action={<Drop part={part} />}>
      {shown.map((one) => (
        <Node
          key={one.name}
          schema={one.schema}
          root={part.root}
          value={isFields(value) ? value[one.name] : undefined}
          onChange={(field) => part.onChange(withField(value, one.name, field))}
          path={`${path}/${escaped(one.name)}`}
          name={one.name}
          required={one.required}
          depth={part.depth + 1}
          words={part.words}
        />
      ))}
      {shown.length < properties.length && (
        <Button size="small" onClick={() => setAll(true)}>
          {texts.moreFields(properties.length - shown.length)}
        </Button>
      )}
    </Group>
  );
}

function has(value: unknown, property: Property): boolean {
  return isFields(value) && value[property.name] !== undefined;
}

export function ListPart(part: PartProps) {
  const { value, onChange, path } = part;
  const texts = useTexts(formTexts);
  const { shape } = part.described;
  const items = shape.kind === "list" ? shape.items : {};
  const most = shape.kind === "list" ? shape.most : undefined;
  const entries = Array.isArray(value) ? value : [];
  const set = (next: unknown[]) => onChange(next.length || part.required ? next : undefined);
  return (
    <Group part={part}>
      {entries.map((one, at) => (
        <div key={at} className="flex items-start gap-1">
          <div className="min-w-0 flex-1">
            <Node
              schema={items}
              root={part.root}
              value={one}
              onChange={(next) => set(entries.map((other, index) => (index === at ? (next ?? "") : other)))}
              path={`${path}/${at}`}
              name={texts.entry(at + 1)}
              required
              depth={part.depth + 1}
              words={part.words}
            />
          </div>
          <IconButton
            label={texts.remove(texts.entry(at + 1))}
            onClick={() => set(entries.filter((_, index) => index !== at))}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      <Button
        size="small"
        disabled={most !== undefined && entries.length >= most}
        onClick={() =>
          set([...entries, startOf(items, part.root, true, part.depth + 1) ?? emptyOf(items, part.root)])
        }
      >
        <Plus aria-hidden />
        {texts.addEntry}
      </Button>
    </Group>
  );
}

/** An array has no place for "not set". */
function emptyOf(schema: unknown, root: unknown): unknown {
  const { shape, nullable } = describe(schema, root);
  if (nullable) return null;
  if (shape.kind === "choice") return shape.options[0]?.value ?? null;
  return shape.kind === "number" ? 0 : shape.kind === "text" ? "" : null;
}

/** Several of a few: ticks. */
export function SeveralPart(part: PartProps) {
  const { shape } = part.described;
  const options = shape.kind === "several" ? shape.options : [];
  const chosen = Array.isArray(part.value) ? part.value : [];
  const isChosen = (value: unknown) => chosen.some((one) => JSON.stringify(one) === JSON.stringify(value));
  const set = (value: unknown, on: boolean) => {
    const next = options.map((one) => one.value).filter((one) => (one === value ? on : isChosen(one)));
    part.onChange(next.length || part.required ? next : undefined);
  };
  return (
    <Group part={part}>
      <div className="flex flex-wrap gap-x-5 gap-y-2">
        {options.map((one) => (
          <Checkbox
            key={one.label}
            label={one.label}
            checked={isChosen(one.value)}
            onChange={(on) => set(one.value, on)}
          />
        ))}
      </div>
    </Group>
  );
}

/** One of several forms: which one is chosen first. */
export function VariantPart(part: PartProps) {
  const { shape } = part.described;
  const texts = useTexts(formTexts);
  const variants = shape.kind === "variants" ? shape.variants : [];
  const [at, setAt] = useState(() => (part.value === undefined ? -1 : fitting(part, variants)));
  const here = variants[at];
  const choose = (next: number) => {
    setAt(next);
    part.onChange(
      variants[next] ? startOf(variants[next].schema, part.root, true, part.depth + 1) : undefined,
    );
  };
  const options = variants.map((one, index) => ({ value: String(index), label: one.label }));
  return (
    <Group part={part}>
      <Select
        aria-label={texts.variant(part.label || texts.asJson)}
        className={cn("max-w-72")}
        value={String(at)}
        onChange={(event) => choose(Number(event.target.value))}
        options={[{ value: "-1", label: part.required ? texts.choose : texts.notSet }, ...options]}
      />
      {here && at >= 0 && (
        <Node {...part} schema={here.schema} name={here.label} required depth={part.depth + 1} />
      )}
    </Group>
  );
}

function fitting(part: PartProps, variants: { schema: unknown }[]): number {
  const { value, root } = part;
  const found = variants.findIndex(({ schema }) => {
    const { shape } = describe(schema, root);
    if (shape.kind === "object") return isFields(value);
    if (shape.kind === "list" || shape.kind === "several") return Array.isArray(value);
    return shape.kind === "boolean"
      ? typeof value === "boolean"
      : shape.kind === "number"
        ? typeof value === "number"
        : typeof value === "string";
  });
  return found;
}
