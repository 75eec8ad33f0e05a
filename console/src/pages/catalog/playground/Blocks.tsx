import { Download, File, Link2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Badge } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { Code, JsonCode, Mono } from "@/components/Code";
import { CopyButton } from "@/components/Copy";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { type Fields, isFields } from "@/mcp/wire";
import { indented } from "./indented";
import { playgroundTexts } from "./texts";

const LONGEST = 100_000;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|svg\+xml|bmp)$/;
const SOUNDS = /^audio\//;

/** One content block of a result. Texts are shown as texts, whatever they are written in. */
export function Block({ block, at }: { block: Fields; at: number }) {
  const texts = useTexts(playgroundTexts);
  switch (block.type) {
    case "text":
      return <Text text={String(block.text ?? "")} />;
    case "image":
    case "audio":
      return <Binary data={String(block.data ?? "")} type={String(block.mimeType ?? "")} at={at} name="" />;
    case "resource_link":
      return <ResourceLink link={block} />;
    case "resource":
      return <Contents contents={isFields(block.resource) ? block.resource : {}} at={at} />;
    default:
      return <JsonCode value={block} title={texts.unknownBlock(String(block.type))} />;
  }
}

/** What is in a resource: text, or bytes. */
export function Contents({ contents, at }: { contents: Fields; at: number }) {
  const uri = String(contents.uri ?? "");
  const type = typeof contents.mimeType === "string" ? contents.mimeType : "";
  if (typeof contents.blob === "string")
    return <Binary data={contents.blob} type={type} at={at} name={uri} />;
  return <Text text={String(contents.text ?? "")} title={[uri, type].filter(Boolean).join(" · ")} />;
}

function Text({ text, title }: { text: string; title?: string }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  const shown = text.slice(0, LONGEST);
  const json = /^\s*[[{]/.test(shown) && shown.length === text.length ? indented(shown) : shown;
  const isJson = json !== shown || isWhole(shown);
  return (
    <div className="space-y-1">
      <Code
        text={isJson ? json : shown}
        json={isJson}
        wrap={!isJson}
        title={title || (isJson ? "JSON" : texts.content)}
      />
      {shown.length < text.length && (
        <p className="text-xs text-muted">
          {texts.cut(formats.number(shown.length), formats.number(text.length))}
        </p>
      )}
    </div>
  );
}

function isWhole(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function Binary({ data, type, at, name }: { data: string; type: string; at: number; name: string }) {
  const texts = useTexts(playgroundTexts);
  const formats = useFormats();
  const [blob, url] = useBlob(data, type);
  if (!blob) return <JsonCode value={data.slice(0, 200)} title={texts.unknownBlock(type)} />;
  const isPicture = PICTURES.test(type);
  return (
    <div className="overflow-hidden rounded-md border border-line">
      {isPicture && url && (
        <div className="grid min-h-24 place-items-center bg-sunken p-3">
          <img
            src={url}
            alt={texts.image(at + 1, type)}
            className="max-h-112 min-h-8 min-w-8 max-w-full object-contain [image-rendering:auto]"
          />
        </div>
      )}
      {SOUNDS.test(type) && url && (
        // biome-ignore lint/a11y/useMediaCaption: sounds of tools come without captions
        <audio controls src={url} aria-label={texts.audio(at + 1, type)} className="w-full bg-sunken p-3" />
      )}
      <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line px-3 py-2 text-xs text-muted first:border-t-0">
        <span className="flex min-w-0 items-center gap-2">
          <File className="size-3.5 shrink-0" aria-hidden />
          <span className="min-w-0 break-all">
            {name && <Mono>{name} · </Mono>}
            {texts.file(type || "application/octet-stream", formats.bytes(blob.size))}
          </span>
        </span>
        <a
          href={url}
          download={fileName(name, type)}
          className={buttonStyle({ kind: "quiet", size: "small" })}
        >
          <Download aria-hidden />
          {texts.download}
        </a>
      </div>
    </div>
  );
}

function ResourceLink({ link }: { link: Fields }) {
  const texts = useTexts(playgroundTexts);
  const common = useCommonTexts();
  const uri = String(link.uri ?? "");
  return (
    <div className="flex items-start justify-between gap-2 rounded-md border border-line px-3 py-2 text-sm">
      <div className="min-w-0 space-y-0.5">
        <p className="flex flex-wrap items-center gap-2">
          <Link2 className="size-4 text-muted" aria-hidden />
          <span className="font-medium break-words">{String(link.title ?? link.name ?? uri)}</span>
          <Badge>{texts.resourceLink}</Badge>
        </p>
        {typeof link.description === "string" && (
          <p className="break-words text-muted">{link.description.slice(0, 1000)}</p>
        )}
        <p className="text-xs break-all text-muted">
          <Mono>{uri}</Mono>
          {typeof link.mimeType === "string" && ` · ${link.mimeType}`}
        </p>
      </div>
      <CopyButton text={uri} label={common.copy} />
    </div>
  );
}

/** Bytes as a file that the page can show; let go of when it is gone. */
function useBlob(data: string, type: string): [Blob | null, string] {
  const [made, setMade] = useState<[Blob | null, string]>([null, ""]);
  useEffect(() => {
    const blob = decoded(data, type);
    const url = blob ? URL.createObjectURL(blob) : "";
    setMade([blob, url]);
    return () => URL.revokeObjectURL(url);
  }, [data, type]);
  return made;
}

function decoded(data: string, type: string): Blob | null {
  try {
    const text = atob(data);
    return new Blob([Uint8Array.from(text, (sign) => sign.charCodeAt(0))], { type });
  } catch {
    return null;
  }
}

function fileName(uri: string, type: string): string {
  const last = uri.split(/[/?#]/).filter(Boolean).at(-1) ?? "content";
  const ending = type.split("/")[1]?.replace(/[^a-z0-9].*$/, "") ?? "bin";
  return last.includes(".") ? last : `${last}.${ending}`;
}
