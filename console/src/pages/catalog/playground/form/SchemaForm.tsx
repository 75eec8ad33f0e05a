import { Component, type ReactNode } from "react";
import { Note } from "@/components/Note";
import { useTexts } from "@/lib/i18n";
import type { Problems } from "./check";
import { Node } from "./Node";
import { useProblemWords } from "./problemWords";
import { describe } from "./shape";
import { formTexts } from "./texts";

type Props = {
  schema: unknown;
  value: unknown;
  onChange: (value: unknown) => void;
  problems: Problems;
  /** Said where the schema has no fields. */
  empty?: string;
};

/** A form made from a JSON Schema of an object. Where that can't be, it says so, and the JSON beside it goes on. */
export function SchemaForm(props: Props) {
  return (
    <Fence key={JSON.stringify(props.schema)?.length}>
      <Fields {...props} />
    </Fence>
  );
}

function Fields({ schema, value, onChange, problems, empty }: Props) {
  const texts = useTexts(formTexts);
  const words = useProblemWords(problems);
  const { shape } = describe(schema, schema);
  const closed = shape.kind === "raw" && isEmpty(schema);
  const whole = words("");
  return (
    <div className="space-y-4">
      {whole && <Note tone="bad">{whole}</Note>}
      {closed ? (
        <p className="text-sm text-muted">{empty ?? texts.noArguments}</p>
      ) : (
        <Node
          schema={schema}
          root={schema}
          value={value}
          onChange={onChange}
          path=""
          name=""
          required
          depth={0}
          words={words}
        />
      )}
    </div>
  );
}

function isEmpty(schema: unknown): boolean {
  const { properties, type, additionalProperties } = (schema ?? {}) as Record<string, unknown>;
  const none = !properties || Object.keys(properties).length === 0;
  return none && (type === "object" || type === undefined) && typeof additionalProperties !== "object";
}

/** What goes wrong with a stranger's schema stays in here. */
class Fence extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  return <Note tone="warn">{useTexts(formTexts).broken}</Note>;
}
