import { useNavigate } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { CallView } from "@/api/schema";
import { buttonStyle } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { FilterBar } from "../metrics/FilterBar";
import { filterOf } from "../metrics/filters";
import { RangePicker } from "../metrics/RangePicker";
import { rangeOf } from "../metrics/range";
import { longest } from "./Duration";
import { Follow } from "./Follow";
import { FollowBar } from "./FollowBar";
import { callTexts } from "./texts";
import { useCallColumns } from "./useCallColumns";
import { joined, useTail } from "./useTail";

export default function CallsPage() {
  const t = useTexts(callTexts);
  const navigate = useNavigate();
  const [url] = useUrl();
  const [follow, setFollow] = useUrlState("follow");
  const [paused, setPaused] = useState(false);
  const range = rangeOf(url, "7d");
  const filter = filterOf(url);
  const list = useList(["calls", "list", filter, range], (cursor) =>
    ask(api.GET("/calls", { params: { query: { ...filter, ...range, cursor, limit: 100 } } })),
  );
  const tail = useTail<CallView>("/calls/live", filter as Record<string, string>, {
    on: follow !== "" && !list.isLoading,
    paused,
  });
  const rows = joined(tail.fresh, list.items);
  const toggle = () => {
    setPaused(false);
    setFollow(follow ? "" : "yes");
    // What came while nobody followed is not in the stream.
    if (!follow) void list.refetch();
  };
  return (
    <Page
      title={t.title}
      about={t.about}
      actions={<Follow on={follow !== ""} paused={paused} toggle={toggle} setPaused={setPaused} />}
    >
      <FilterBar range={range} end={<RangePicker usual="7d" own />} />
      {follow && (
        <FollowBar state={tail.state} paused={paused} waiting={tail.waiting.length} take={tail.take} />
      )}
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={rows}
          columns={useCallColumns(longest(rows))}
          rowKey={(one) => one.id}
          onOpen={(one) => void navigate({ to: `/calls/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={<NoCalls narrowed={Object.keys(filter).length > 0 || url.since !== undefined} />}
        />
      </Section>
    </Page>
  );
}

function NoCalls({ narrowed }: { narrowed: boolean }) {
  const t = useTexts(callTexts);
  const common = useCommonTexts();
  if (narrowed) return <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>;
  const action = (
    <RouteLink to="/servers" className={buttonStyle()}>
      {t.connect}
    </RouteLink>
  );
  return (
    <Empty sign={Activity} title={t.empty} action={action}>
      {t.emptyWords}
    </Empty>
  );
}
