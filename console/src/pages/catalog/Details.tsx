import type { ReactNode } from "react";
import type { CapabilityView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { JsonCode, Mono } from "@/components/Code";
import { CopyButton } from "@/components/Copy";
import { Note } from "@/components/Note";
import { Facts, Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { isFields } from "@/mcp/wire";
import { detailTexts } from "./detailTexts";
import { annotationsOf } from "./Marks";
import { argumentsOf } from "./playground/wanted";
import { SchemaTree } from "./SchemaTree";
import { schemaTokens } from "./schemaTokens";
import { catalogTexts } from "./texts";

const LONGEST = 20_000;

/** What is known of it, readable, with the definition as it came below. */
export function Details({ one }: { one: CapabilityView }) {
  const texts = useTexts(detailTexts);
  const said = one.description ?? "";
  return (
    <div className="grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(18rem,1fr)]">
      <div className="min-w-0 space-y-4">
        {one.warnings.length > 0 && <Warnings warnings={one.warnings} />}
        <Section title={texts.description}>
          {said ? (
            <p className="max-w-[80ch] text-sm leading-relaxed break-words whitespace-pre-wrap">
              {said.slice(0, LONGEST)}
            </p>
          ) : (
            <p className="text-sm text-muted">{texts.noDescription}</p>
          )}
        </Section>
        <Takes one={one} />
        <JsonCode value={one.definition} title={texts.raw} />
      </div>
      <Section title={texts.facts}>
        <Known one={one} />
      </Section>
    </div>
  );
}

function Warnings({ warnings }: { warnings: string[] }) {
  const texts = useTexts(detailTexts);
  return (
    <Note tone="warn" title={texts.warnings}>
      <ul className="list-disc space-y-0.5 pl-4">
        {warnings.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </Note>
  );
}

function Takes({ one }: { one: CapabilityView }) {
  const texts = useTexts(detailTexts);
  if (one.kind === "tool") {
    const { inputSchema, outputSchema } = one.definition;
    return (
      <>
        <Section title={texts.input}>
          <SchemaTree schema={inputSchema} empty={texts.noArguments} />
        </Section>
        {outputSchema !== undefined && (
          <Section title={texts.output}>
            <SchemaTree schema={outputSchema} empty={texts.any} />
          </Section>
        )}
      </>
    );
  }
  if (one.kind === "resource") return null;
  return (
    <Section title={texts.arguments}>
      <SchemaTree schema={asSchema(one)} empty={texts.noArguments} />
    </Section>
  );
}

/** Arguments of a prompt and variables of a template, in the words of a schema. */
function asSchema(one: CapabilityView): unknown {
  const known = argumentsOf(one);
  const properties = known.map(({ name, title, description }) => [
    name,
    { type: "string", title, description },
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: known.filter((each) => each.required).map((each) => each.name),
  };
}

function Known({ one }: { one: CapabilityView }) {
  const texts = useTexts(detailTexts);
  const common = useCommonTexts();
  const all = useTexts(catalogTexts);
  const formats = useFormats();
  const { mimeType, size } = one.definition;
  const items: [ReactNode, ReactNode][] = [
    [
      texts.upstream,
      <RouteLink key="up" to={`/upstreams/${one.upstream.id}`} className={linkStyle}>
        {one.upstream.name}
      </RouteLink>,
    ],
    [one.uri ? texts.uri : texts.nameThere, <Copied key="name" text={one.name} />],
  ];
  if (!one.uri) items.push([texts.handle, <Copied key="handle" text={one.handle} />]);
  if (typeof mimeType === "string") items.push([texts.mimeType, mimeType]);
  if (typeof size === "number") items.push([texts.size, formats.bytes(size)]);
  items.push([texts.tokens, all.tokensCount(formats.number(schemaTokens(one)))]);
  items.push([texts.visibility, common.visibilities[one.visibility]]);
  if (one.tags.length) items.push([common.tags, <Words key="tags" words={one.tags} />]);
  const hints = Object.entries(annotationsOf(one));
  if (hints.length) items.push([texts.annotations, <Hints key="hints" hints={hints} />]);
  if (one.gone_at) items.push([texts.gone, <Time key="gone" at={one.gone_at} />]);
  if (isFields(one.definition._meta)) {
    items.push([texts.meta, <Words key="meta" words={Object.keys(one.definition._meta)} />]);
  }
  return <Facts items={items} />;
}

function Hints({ hints }: { hints: [string, unknown][] }) {
  return (
    <ul className="space-y-0.5">
      {hints.map(([name, value]) => (
        <li key={name}>
          <Mono className="break-all">
            {name}: {JSON.stringify(value)}
          </Mono>
        </li>
      ))}
    </ul>
  );
}

function Words({ words }: { words: string[] }) {
  return (
    <span className="flex flex-wrap gap-1">
      {words.map((one) => (
        <Badge key={one}>{one}</Badge>
      ))}
    </span>
  );
}

function Copied({ text }: { text: string }) {
  const common = useCommonTexts();
  return (
    <span className="flex items-start gap-1">
      <Mono className="min-w-0 break-all">{text}</Mono>
      <span className="-my-1.5">
        <CopyButton text={text} label={common.copy} />
      </span>
    </span>
  );
}
