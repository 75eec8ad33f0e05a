import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { api, ask } from "@/api/client";
import type { EntryDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { JsonCode } from "@/components/Code";
import { Note } from "@/components/Note";
import { Facts, Page, Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { EntryMark } from "./EntryMark";
import { InstallForm } from "./InstallForm";
import { categoryWords, texts } from "./texts";

export default function EntryPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["registry", "entry", id],
    queryFn: () => ask(api.GET("/registry/{id}", { params: { path: { id } } })),
  });
  if (query.data) return <Known entry={query.data} />;
  return (
    <Page title={t.title} back={{ to: "/registry", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ entry }: { entry: EntryDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const beside = entry.status !== "active" && <Badge tone="warn">{t[entry.status]}</Badge>;
  return (
    <Page
      title={entry.title}
      beside={beside}
      about={entry.description}
      back={{ to: "/registry", words: t.back }}
    >
      {entry.status_message && <Note tone="warn" className="mb-4" title={entry.status_message} />}
      {entry.installed.length > 0 && <Installed entry={entry} />}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        {can("registry.install") && <InstallForm entry={entry} />}
        <div className="space-y-4">
          <About entry={entry} />
          <details>
            <summary className="text-sm text-muted hover:text-ink">{t.raw}</summary>
            <JsonCode value={entry.server} title={entry.name} className="mt-2" />
          </details>
        </div>
      </div>
    </Page>
  );
}

function Installed({ entry }: { entry: EntryDetails }) {
  const t = useTexts(texts);
  return (
    <Note tone="ok" className="mb-4" title={t.already}>
      <ul className="flex flex-wrap gap-x-4">
        {entry.installed.map((one) => (
          <li key={one.id}>
            <RouteLink to={`/upstreams/${one.id}`} className="underline underline-offset-2 hover:text-ink">
              {one.name} {one.version}
            </RouteLink>
          </li>
        ))}
      </ul>
    </Note>
  );
}

function About({ entry }: { entry: EntryDetails }) {
  const t = useTexts(texts);
  return (
    <Section title={entry.title} actions={<EntryMark entry={entry} />}>
      <Facts
        items={[
          [
            t.published,
            <span key="name" className="font-mono text-xs break-all">
              {entry.name}
            </span>,
          ],
          [t.version, entry.version],
          [t.category, entry.category ? categoryWords(entry.category) : "–"],
          [t.signIn, t.auths[entry.auth]],
          [t.source, entry.source],
          [t.changed, <Time key="changed" at={entry.changed_at} />],
          ...(entry.docs
            ? ([[t.documentation, <Outside key="docs" url={entry.docs} />]] as [string, React.ReactNode][])
            : []),
          ...(entry.repository
            ? ([[t.repository, <Outside key="repository" url={entry.repository} />]] as [
                string,
                React.ReactNode,
              ][])
            : []),
        ]}
      />
    </Section>
  );
}

/** What a registry wrote is only followed where it is a web address. */
function Outside({ url }: { url: string }) {
  if (!/^https?:\/\//.test(url)) return <span className="break-all">{url}</span>;
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer"
      className={cn(linkStyle, "inline-flex items-center gap-1 break-all")}
    >
      {url.replace(/^https?:\/\//, "")}
      <ExternalLink className="size-3 shrink-0" aria-hidden />
    </a>
  );
}
