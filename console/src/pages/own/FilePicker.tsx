import { Upload } from "lucide-react";
import { useId, useRef, useState } from "react";
import { Button } from "@/components/Button";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { ownTexts } from "./texts";

const LARGEST = 5 * 1024 * 1024;
export type Picked = { data: string; mimeType: string };
type Props = { label: string; accept?: string; value: Picked; onChange: (picked: Picked) => void };

/** A file of this machine, read into base64. */
export function FilePicker({ label, accept, value, onChange }: Props) {
  const texts = useTexts(ownTexts).file;
  const formats = useFormats();
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState("");
  const id = useId();
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > LARGEST) return setProblem(texts.tooLarge);
    try {
      onChange({ data: await base64(file), mimeType: file.type || "application/octet-stream" });
      setProblem("");
    } catch {
      setProblem(texts.unreadable);
    }
  };
  const size = formats.bytes(Math.floor((value.data.length * 3) / 4));
  return (
    <div className="space-y-1.5">
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => input.current?.click()} aria-describedby={id}>
          <Upload aria-hidden />
          {texts.choose}
        </Button>
        <span id={id} className="text-sm text-muted">
          {value.data ? texts.chosen(value.mimeType, size) : texts.none}
        </span>
      </div>
      <input
        ref={input}
        type="file"
        accept={accept}
        aria-label={label}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => void take(event.target.files?.[0])}
      />
      {problem && <p className="text-xs font-medium text-bad">{problem}</p>}
    </div>
  );
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
