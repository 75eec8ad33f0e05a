import { X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { inputStyle } from "./Fields";

type Props = {
  values: string[];
  onChange: (values: string[]) => void;
  id?: string;
  placeholder?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
};

/** Several short words, such as tags or address ranges: Enter or a comma ends each one. */
export function TagInput({ values, onChange, placeholder, ...wiring }: Props) {
  const [typed, setTyped] = useState("");
  const common = useCommonTexts();
  const take = () => {
    const word = typed.trim();
    if (word && !values.includes(word)) onChange([...values, word]);
    setTyped("");
  };
  const onKey = (event: KeyboardEvent) => {
    if ((event.key === "Enter" || event.key === ",") && typed.trim()) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && !typed) onChange(values.slice(0, -1));
  };
  return (
    <div
      className={cn(
        inputStyle,
        "flex min-h-8 flex-wrap items-center gap-1 px-1.5 py-1 focus-within:outline-2 focus-within:outline-accent",
      )}
    >
      {values.map((one) => (
        <span key={one} className="inline-flex h-5.5 items-center gap-0.5 rounded bg-sunken pl-1.5 text-xs">
          {one}
          <button
            type="button"
            aria-label={`${common.remove}: ${one}`}
            onClick={() => onChange(values.filter((other) => other !== one))}
            className="grid size-5.5 place-items-center rounded text-muted hover:text-ink"
          >
            <X className="size-3" aria-hidden />
          </button>
        </span>
      ))}
      <input
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={onKey}
        onBlur={take}
        placeholder={values.length ? "" : placeholder}
        className="h-6 min-w-24 flex-1 bg-transparent px-1 text-sm outline-none placeholder:text-faint"
        autoComplete="off"
        spellCheck={false}
        {...wiring}
      />
    </div>
  );
}
