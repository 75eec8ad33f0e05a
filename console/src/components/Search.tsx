import { Search as Glass, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { inputStyle } from "./Fields";

const PAUSE = 180;

/** A box to search in; `onChange` hears of it once the typing pauses. `/` puts the cursor there. */
export function Search(props: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  className?: string;
}) {
  const { value, onChange, label, className } = props;
  const common = useCommonTexts();
  const [typed, setTyped] = useState(value);
  const box = useRef<HTMLInputElement>(null);
  const said = useRef(value);
  useEffect(() => {
    if (value !== said.current) setTyped(value);
    said.current = value;
  }, [value]);
  useEffect(() => {
    if (typed === said.current) return;
    const timer = setTimeout(() => {
      said.current = typed;
      onChange(typed);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, onChange]);
  useSlash(box);
  return (
    <div className={cn("relative min-w-0", className)}>
      <Glass aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" />
      <input
        ref={box}
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !typed) return;
          event.preventDefault();
          setTyped("");
        }}
        className={cn(inputStyle, "h-8 pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden")}
        autoComplete="off"
        spellCheck={false}
      />
      {typed && (
        <button
          type="button"
          aria-label={common.clear}
          onClick={() => setTyped("")}
          className="absolute top-1 right-1 grid size-6 place-items-center rounded text-faint hover:text-ink"
        >
          <X className="size-3.5" />
        </button>
      )}
    </div>
  );
}

function useSlash(box: React.RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const at = event.target as HTMLElement;
      if (
        event.key !== "/" ||
        event.ctrlKey ||
        event.metaKey ||
        at.closest("input, textarea, select, [contenteditable]")
      )
        return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [box]);
}
