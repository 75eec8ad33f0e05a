import type { FieldView } from "@/api/schema";
import { Field, Input, Select, Textarea } from "@/components/Fields";

type Values = Record<string, string>;
type Props = {
  fields: FieldView[];
  values: Values;
  onChange: (values: Values) => void;
  problem?: (name: string) => string | undefined;
};

/** What an entry asks for, as a form made of its own description. */
export function AskedFields({ fields, values, onChange, problem = () => undefined }: Props) {
  return (
    <>
      {fields.map((one) => (
        <Field
          key={one.key}
          label={one.label}
          help={one.description || undefined}
          required={one.required}
          error={problem(`values.${one.key}`) ?? problem(one.key)}
        >
          {(wiring) => (
            <Asked
              {...wiring}
              field={one}
              value={values[one.key] ?? one.default ?? ""}
              onChange={(value) => onChange({ ...values, [one.key]: value })}
            />
          )}
        </Field>
      ))}
    </>
  );
}

type AskedProps = {
  field: FieldView;
  value: string;
  onChange: (value: string) => void;
  id: string;
  required?: boolean;
};

function Asked({ field, value, onChange, ...wiring }: AskedProps) {
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  if (field.choices.length) {
    const options = field.choices.map((one) => ({ value: one, label: one }));
    return (
      <Select
        {...wiring}
        value={value}
        onChange={change}
        options={field.required ? options : [{ value: "", label: "–" }, ...options]}
      />
    );
  }
  if (field.format === "boolean") {
    const options = ["", "true", "false"].map((one) => ({ value: one, label: one || "–" }));
    return <Select {...wiring} value={value} onChange={change} options={options} />;
  }
  if (field.repeated)
    return <Textarea {...wiring} placeholder={field.placeholder} value={value} onChange={change} />;
  const type = field.secret ? "password" : field.format === "number" ? "number" : "text";
  return (
    <Input
      {...wiring}
      type={type}
      autoComplete={field.secret ? "new-password" : "off"}
      placeholder={field.placeholder}
      value={value}
      onChange={change}
    />
  );
}

/** Those that have no value of their own to begin with. */
export function missingFields(fields: FieldView[]): FieldView[] {
  return fields.filter((one) => one.required && one.default === null);
}

/** What was typed or is usual, by key; what is empty is left out. */
export function filled(fields: FieldView[], values: Values): Values {
  const pairs = fields.map((one) => [one.key, values[one.key] ?? one.default ?? ""] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}
