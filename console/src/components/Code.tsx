import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { CopyButton } from "./Copy";

type Props = {
  text: string;
  title?: ReactNode;
  json?: boolean;
  className?: string;
  wrap?: boolean;
  label?: string;
};

/** A block of text to be read and copied as it is. `json`: coloured. */
export function Code({ text, title, json = false, className, wrap = false, label }: Props) {
  const common = useCommonTexts();
  return (
    <div className={cn("min-w-0 overflow-hidden rounded-md border border-line bg-sunken", className)}>
      <div className="flex h-9 items-center justify-between gap-2 border-b border-line pr-0.5 pl-3 text-xs text-muted">
        <span className="min-w-0 truncate">{title}</span>
        <CopyButton text={text} label={common.copy} />
      </div>
      <pre
        tabIndex={0}
        aria-label={label ?? (typeof title === "string" ? title : undefined)}
        role="group"
        className={cn(
          "max-h-112 overflow-auto p-3 font-mono text-xs leading-5",
          wrap && "break-words whitespace-pre-wrap",
        )}
      >
        <code>{json ? coloured(text) : text}</code>
      </pre>
    </div>
  );
}

export function JsonCode({
  value,
  title,
  className,
}: {
  value: unknown;
  title?: ReactNode;
  className?: string;
}) {
  return <Code text={JSON.stringify(value, null, 2) ?? ""} json title={title} className={className} />;
}

const MOST = 60_000;
const PART = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function coloured(text: string): ReactNode {
  if (text.length > MOST) return text;
  const parts: ReactNode[] = [];
  let end = 0;
  for (const found of text.matchAll(PART)) {
    parts.push(text.slice(end, found.index));
    const [whole, string, colon] = found;
    const colour = colon ? "text-accent" : string ? "text-ok" : "text-warn";
    parts.push(
      <span key={found.index} className={colour}>
        {whole}
      </span>,
    );
    end = found.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A short piece of code within a line. */
export function Mono({ children, className }: { children: ReactNode; className?: string }) {
  return <code className={cn("font-mono text-[0.92em]", className)}>{children}</code>;
}
