import { Check, Copy as Pages } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { Button, IconButton } from "./Button";

/** Puts `text` on the clipboard, and shows for a moment that it is there. */
export function useCopy(): [boolean, (text: string) => Promise<void>] {
  const common = useCommonTexts();
  const [copied, setCopied] = useState(false);
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!copyByHand(text)) {
        toast.error(common.copyFailed);
        return;
      }
    }
    setCopied(true);
    setTimeout(() => setCopied(false), 1600);
  };
  return [copied, copy];
}

export function CopyButton({ text, label, words }: { text: string; label: string; words?: string }) {
  const [copied, copy] = useCopy();
  const common = useCommonTexts();
  const Sign = copied ? Check : Pages;
  const said = copied ? common.copied : label;
  const sign = <Sign className={cn(copied && "text-ok")} aria-hidden />;
  if (!words) {
    return (
      <IconButton label={said} onClick={() => void copy(text)}>
        {sign}
      </IconButton>
    );
  }
  return (
    <Button onClick={() => void copy(text)} aria-label={said}>
      {sign}
      {copied ? common.copied : words}
    </Button>
  );
}

/** The clipboard is shut to pages that come over plain http from another machine; a selection is not. */
function copyByHand(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
