import { ScrollText } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { EventView } from "@/api/schema";
import { Button } from "@/components/Button";
import type { Option } from "@/components/Fields";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { useServers } from "@/components/pickers";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { Follow } from "../calls/Follow";
import { FollowBar } from "../calls/FollowBar";
import { joined, useTail } from "../calls/useTail";
import { RangePicker } from "../metrics/RangePicker";
import { rangeOf } from "../metrics/range";
import { useUpstreams } from "../overview/useTroubles";
import { EventLine } from "./EventLine";
import { eventTexts } from "./texts";

const USUAL = "30d";
const NAMES = ["kind", "upstream", "server", "token"] as const;
const KINDS: Record<string, string[]> = {
  upstream: ["down", "up", "degraded", "sign_in_needed", "maintenance", "added", "changed", "removed"],
  tool: ["added", "changed", "gone", "back"],
  prompt: ["added", "changed", "gone", "back"],
  resource: ["added", "changed", "gone", "back"],
  resource_template: ["added", "changed", "gone", "back"],
  server: ["added", "changed", "removed"],
  token: ["refused"],
  calls: ["lost"],
};

export default function EventsPage() {
  const t = useTexts(eventTexts);
  const [url] = useUrl();
  const [follow, setFollow] = useUrlState("follow");
  const [paused, setPaused] = useState(false);
  const filter = Object.fromEntries(NAMES.flatMap((one) => (url[one] ? [[one, url[one]]] : []))) as Record<
    string,
    string
  >;
  const range = rangeOf(url, USUAL);
  const list = useList(["events", "list", filter, range], (cursor) =>
    ask(api.GET("/events", { params: { query: { ...filter, ...range, cursor, limit: 50 } } })),
  );
  const tail = useTail<EventView>("/events/live", filter, { on: follow !== "" && !list.isLoading, paused });
  const events = joined(tail.fresh, list.items);
  const toggle = () => {
    setPaused(false);
    setFollow(follow ? "" : "yes");
    if (!follow) void list.refetch();
  };
  return (
    <Page
      title={t.title}
      about={t.about}
      actions={<Follow on={follow !== ""} paused={paused} toggle={toggle} setPaused={setPaused} />}
    >
      <EventFilters />
      {follow && (
        <FollowBar
          state={tail.state}
          paused={paused}
          waiting={tail.waiting.length}
          take={tail.take}
          words="events"
        />
      )}
      <Section flush>
        <EventList list={list} events={events} narrowed={Object.keys(filter).length > 0} />
      </Section>
    </Page>
  );
}

function EventFilters() {
  const t = useTexts(eventTexts);
  const upstreams = useUpstreams();
  const servers = useServers();
  return (
    <Filters names={[...NAMES]} end={<RangePicker usual={USUAL} own />}>
      <Choice name="kind" label={t.anyKind} options={useKinds()} />
      <Choice
        name="upstream"
        label={t.anyUpstream}
        options={(upstreams.data ?? [])
          .filter((one) => one.kind !== "local")
          .map((one) => ({ value: one.id, label: one.name }))}
      />
      <Choice
        name="server"
        label={t.anyServer}
        options={(servers.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
      />
    </Filters>
  );
}

function useKinds(): Option[] {
  const t = useTexts(eventTexts);
  return Object.entries(KINDS).flatMap(([family, kinds]) => {
    const name = t.families[family as keyof typeof t.families];
    const each = kinds.map((kind) => ({
      value: `${family}.${kind}`,
      label: `${name}: ${t.kinds[kind as keyof typeof t.kinds]}`,
    }));
    return each.length > 1 ? [{ value: `${family}.`, label: name }, ...each] : each;
  });
}

type ListProps = {
  list: {
    isLoading: boolean;
    error: unknown;
    hasMore: boolean;
    isFetchingMore: boolean;
    more: () => void;
    refetch: () => unknown;
  };
  events: EventView[];
  narrowed: boolean;
};

function EventList({ list, events, narrowed }: ListProps) {
  const t = useTexts(eventTexts);
  const common = useCommonTexts();
  if (list.error && !events.length) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.isLoading) return <SkeletonLines lines={8} className="p-4" />;
  if (!events.length && narrowed) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  if (!events.length)
    return (
      <Empty sign={ScrollText} title={t.empty}>
        {t.emptyWords}
      </Empty>
    );
  return (
    <>
      <ol aria-label={t.title}>
        {events.map((one) => (
          <EventLine key={one.id} event={one} />
        ))}
      </ol>
      {list.hasMore && (
        <div className="border-t border-line p-3 text-center">
          <Button busy={list.isFetchingMore} onClick={list.more}>
            {common.loadMore}
          </Button>
        </div>
      )}
    </>
  );
}
