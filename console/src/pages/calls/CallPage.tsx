import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api, ask } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { CallDetails } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { JsonCode } from "@/components/Code";
import { Note } from "@/components/Note";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Asked, Traffic, Who } from "./CallFacts";
import { Neighbours } from "./Neighbours";
import { Outcome } from "./Outcome";
import { callTexts } from "./texts";
import { Waterfall } from "./Waterfall";

export default function CallPage() {
  const t = useTexts(callTexts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["calls", id],
    queryFn: () => ask(api.GET("/calls/{id}", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (query.data) return <Known call={query.data} />;
  const missing = query.error instanceof ApiProblem && query.error.status === 404;
  return (
    <Page title={t.call} back={{ to: "/calls", words: t.back }}>
      {missing ? (
        <Empty title={t.missing}>{t.missingWords}</Empty>
      ) : query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonLines lines={8} />
      )}
    </Page>
  );
}

function Known({ call }: { call: CallDetails }) {
  const t = useTexts(callTexts);
  const { milliseconds, exact } = useFormats();
  const about = (
    <>
      {t.outcomeHelp[call.outcome]} <Time at={call.at} />, {exact(call.at)}
    </>
  );
  return (
    <Page
      title={call.name ?? call.method}
      beside={<Beside call={call} />}
      about={about}
      back={{ to: "/calls", words: t.back }}
      actions={<Links call={call} />}
    >
      <Wrong call={call} />
      <Section title={t.timeline} about={t.timelineWords(milliseconds(call.total_ms))}>
        <Waterfall call={call} />
      </Section>
      <div className="mt-4 grid items-start gap-4 md:grid-cols-2 xl:grid-cols-3">
        <Who call={call} />
        <Asked call={call} />
        <Traffic call={call} />
      </div>
      <Content call={call} />
      <Neighbours call={call} />
    </Page>
  );
}

function Beside({ call }: { call: CallDetails }) {
  return (
    <>
      <Outcome outcome={call.outcome} />
      {call.name && <Badge>{call.method}</Badge>}
    </>
  );
}

function Links({ call }: { call: CallDetails }) {
  const t = useTexts(callTexts);
  return (
    <>
      {call.name && (
        <RouteLink
          to="/calls"
          search={{ tool: call.name, server: call.server?.id }}
          className={buttonStyle()}
        >
          {t.sameTool}
        </RouteLink>
      )}
      <RouteLink to="/calls" search={{ principal: call.principal.id }} className={buttonStyle()}>
        {t.theirCalls}
      </RouteLink>
    </>
  );
}

function Wrong({ call }: { call: CallDetails }) {
  const t = useTexts(callTexts);
  if (!call.error && !call.error_class && call.outcome !== "refused") return null;
  const explain = call.outcome === "refused" && call.server && (
    <RouteLink
      to="/explain"
      search={{ principal: call.principal.id, server: call.server.id, tool: call.name ?? undefined }}
      className={buttonStyle({ size: "small" })}
    >
      {t.explain}
    </RouteLink>
  );
  return (
    <Note
      tone={call.outcome === "refused" ? "warn" : "bad"}
      className="mb-4"
      title={
        <span className="inline-flex max-w-full flex-wrap items-center gap-2 text-ink">
          {t.error}
          {call.error_class && <Badge className="font-mono">{call.error_class}</Badge>}
        </span>
      }
      action={explain}
    >
      {call.error ?? t.outcomeHelp[call.outcome]}
    </Note>
  );
}

function Content({ call }: { call: CallDetails }) {
  const t = useTexts(callTexts);
  const kept = call.arguments !== null || call.result !== null;
  if (!kept) return <p className="mt-4 px-1 text-xs text-muted">{t.notRecorded}</p>;
  return (
    <div className="mt-4 grid items-start gap-4 lg:grid-cols-2">
      <Kept title={t.arguments} value={call.arguments} />
      <Kept title={t.result} value={call.result} />
    </div>
  );
}

function Kept({ title, value }: { title: string; value: unknown }) {
  const t = useTexts(callTexts);
  if (value !== null) return <JsonCode value={value} title={title} />;
  return (
    <Section title={title}>
      <p className="text-muted">{t.noContent}</p>
    </Section>
  );
}
