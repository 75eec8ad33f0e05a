import { useQuery } from "@tanstack/react-query";
import { Store } from "lucide-react";
import { useEffect, useRef } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { EntrySummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button, buttonStyle } from "@/components/Button";
import { Choice, Filters } from "@/components/Filters";
import { Note } from "@/components/Note";
import { Page } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty, Failed, Skeleton } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { EntryMark } from "./EntryMark";
import { Requests } from "./Requests";
import { categoryWords, texts } from "./texts";

type Auth = EntrySummary["auth"];
type Way = "http" | "sse" | "stdio";
const NAMES = ["category", "auth", "transport", "installed"];

export default function RegistryPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const sources = can("registry.write") && (
    <RouteLink to="/registry/sources" className={buttonStyle()}>
      {t.sources}
    </RouteLink>
  );
  return (
    <Page title={t.title} about={t.about} actions={sources}>
      {can("registry.approve") && <Requests />}
      {can("registry.install") && <Updates />}
      <EntryFilters />
      <Entries />
    </Page>
  );
}

function Updates() {
  const t = useTexts(texts);
  const updates = useQuery({
    queryKey: ["registry", "updates"],
    queryFn: () => ask(api.GET("/registry/updates")),
    staleTime: 60_000,
  });
  const found = (updates.data?.items ?? []).filter((one) => one.version);
  if (!found.length) return null;
  return (
    <Note className="mb-4" title={t.updatesTitle(found.length)}>
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {found.map((one) => (
          <li key={one.upstream}>
            <RouteLink
              to={`/upstreams/${one.upstream}`}
              className="underline underline-offset-2 hover:text-ink"
            >
              {one.upstream_name} {one.installed} → {one.version}
            </RouteLink>
          </li>
        ))}
      </ul>
    </Note>
  );
}

function EntryFilters() {
  const t = useTexts(texts);
  const categories = useQuery({
    queryKey: ["registry", "categories"],
    queryFn: () => ask(api.GET("/registry/categories")),
  });
  const told = (words: Record<string, string>) =>
    Object.entries(words)
      .filter(([value]) => value)
      .map(([value, label]) => ({ value, label }));
  return (
    <Filters search={t.search} names={NAMES}>
      <Choice
        name="category"
        label={t.anyCategory}
        options={(categories.data?.items ?? []).map((one) => ({
          value: one.name,
          label: `${categoryWords(one.name)} (${one.entries})`,
        }))}
      />
      <Choice name="auth" label={t.anyAuth} options={told(t.auths)} />
      <Choice name="transport" label={t.anyTransport} options={told(t.transports)} />
      <Choice
        name="installed"
        label={t.anyInstalled}
        options={[
          { value: "true", label: t.installedOnly },
          { value: "false", label: t.notInstalled },
        ]}
      />
    </Filters>
  );
}

function Entries() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [url] = useUrl();
  const query = {
    q: url.q,
    category: url.category,
    auth: url.auth as Auth | undefined,
    transport: url.transport as Way | undefined,
    installed: url.installed === undefined ? undefined : url.installed === "true",
  };
  const list = useList(["registry", "list", query], (cursor) =>
    ask(api.GET("/registry", { params: { query: { ...query, cursor, limit: 60 } } })),
  );
  if (list.error) return <Failed error={list.error} retry={() => void list.refetch()} />;
  const filtered = [...NAMES, "q"].some((name) => url[name]);
  if (!list.isLoading && !list.items.length) {
    return filtered ? (
      <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
    ) : (
      <Empty sign={Store} title={t.empty}>
        {t.emptyWords}
      </Empty>
    );
  }
  return (
    <>
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
        {list.isLoading &&
          Array.from({ length: 9 }, (_, at) => <Skeleton key={at} className="h-28 rounded-lg" />)}
        {list.items.map((one) => (
          <EntryCard key={one.id} entry={one} />
        ))}
      </ul>
      {list.hasMore && <MoreWhenSeen more={list.more} busy={list.isFetchingMore} />}
    </>
  );
}

function EntryCard({ entry }: { entry: EntrySummary }) {
  const t = useTexts(texts);
  const [installed] = entry.installed;
  return (
    <li className="relative flex min-w-0 flex-col rounded-lg border border-line bg-surface p-4 hover:border-line-strong">
      <div className="flex items-start gap-3">
        <EntryMark entry={entry} />
        <div className="min-w-0">
          <h2 className="truncate text-sm font-semibold">
            <RouteLink
              to={`/registry/${encodeURIComponent(entry.id)}`}
              className="after:absolute after:inset-0 after:rounded-lg"
            >
              {entry.title}
            </RouteLink>
          </h2>
          <p className="truncate text-xs text-muted">{categoryWords(entry.category)}</p>
        </div>
      </div>
      <p className="mt-2 line-clamp-2 flex-1 text-muted text-pretty">{entry.description}</p>
      <p className="mt-3 flex flex-wrap gap-1.5">
        {installed && <Badge tone="ok">{t.installed}</Badge>}
        {entry.status !== "active" && <Badge tone="warn">{t[entry.status]}</Badge>}
        <Badge>{t.auths[entry.auth]}</Badge>
        {entry.transports.slice(0, 2).map((one) => (
          <Badge key={one}>{t.transports[one as Way] ?? one}</Badge>
        ))}
      </p>
    </li>
  );
}

/** Gets the next page when its place comes into sight; the button is for those who don't scroll. */
function MoreWhenSeen({ more, busy }: { more: () => void; busy: boolean }) {
  const common = useCommonTexts();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && more(), {
      rootMargin: "400px",
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [more]);
  return (
    <div ref={place} className="mt-4 flex justify-center">
      <Button onClick={more} busy={busy}>
        {common.loadMore}
      </Button>
    </div>
  );
}
