import { Textarea } from "@/components/Fields";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { FilePicker } from "./FilePicker";
import type { PartProps } from "./ResourceForm";
import { ownTexts } from "./texts";

/** What is in a resource: a text, or a file. Templates are texts. */
export function Contents({ draft, set, wrong }: PartProps) {
  const texts = useTexts(ownTexts);
  const kinds = (["text", "file"] as const).map((value) => ({
    value,
    label: texts.resource.contentKinds[value],
  }));
  const problem = wrong("text") ?? wrong("blob");
  return (
    <div className="space-y-3">
      {draft.kind === "resource" && (
        <Segments
          label={texts.resource.content}
          options={kinds}
          value={draft.content}
          onChange={(value) => set({ content: value === "file" ? "file" : "text" })}
        />
      )}
      {draft.kind === "resource" && draft.content === "file" ? (
        <FilePicker
          label={texts.resource.contentKinds.file}
          value={{ data: draft.data, mimeType: draft.mimeType }}
          onChange={({ data, mimeType }) => set({ data, mimeType })}
        />
      ) : (
        <Textarea
          aria-label={texts.resource.text}
          className="field-sizing-content max-h-[60vh] min-h-48 font-mono text-[0.8125rem]"
          value={draft.text}
          onChange={(event) => set({ text: event.target.value })}
        />
      )}
      {problem && <p className="text-xs font-medium text-bad">{problem}</p>}
    </div>
  );
}
