import { Copy } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { GroupView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Choice, Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { useUpstreams } from "../catalog/Facets";
import { GroupCard } from "./GroupCard";
import { duplicateTexts } from "./texts";
import { useJudging, useVerdicts } from "./useVerdicts";

const SCORES = ["0.6", "0.75", "0.9"];
const PAGE = 50;

/** Tools that do the same, side by side, with what people said of them. */
export default function DuplicatesPage() {
  const texts = useTexts(duplicateTexts);
  return (
    <Page title={texts.title} about={texts.about}>
      <Facets />
      <Groups />
      <SetAside />
    </Page>
  );
}

function Facets() {
  const texts = useTexts(duplicateTexts);
  const formats = useFormats();
  const upstreams = useUpstreams();
  const offering = (upstreams.data ?? []).filter((one) => one.kind === "mcp");
  return (
    <Filters names={["score", "upstream", "judged"]}>
      <Choice
        name="score"
        label={texts.anyScore}
        options={SCORES.map((value) => ({ value, label: texts.atLeast(formats.percent(Number(value))) }))}
      />
      {offering.length > 0 && (
        <Choice
          name="upstream"
          label={texts.anyUpstream}
          options={offering.map((one) => ({ value: one.name, label: one.name }))}
        />
      )}
      <Choice
        name="judged"
        label={texts.judged}
        options={[
          { value: "no", label: texts.open },
          { value: "yes", label: texts.done },
        ]}
      />
    </Filters>
  );
}

function Groups() {
  const texts = useTexts(duplicateTexts);
  const common = useCommonTexts();
  const [url] = useUrl();
  const query = { min_score: url.score ? Number(url.score) : undefined, upstream: url.upstream || undefined };
  const list = useList(["tools", "duplicates", "groups", query], (cursor) =>
    ask(api.GET("/tools/duplicates", { params: { query: { ...query, cursor, limit: PAGE } } })),
  );
  const shown = list.items.filter((one) => isWanted(one, url.judged));
  if (list.error) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.isLoading) {
    return (
      <Section>
        <SkeletonLines lines={8} />
      </Section>
    );
  }
  if (shown.length === 0 && !list.hasMore) {
    const filtered = ["score", "upstream", "judged"].some((name) => url[name]);
    return (
      <Section>
        <Empty sign={filtered ? undefined : Copy} title={filtered ? common.nothingFound : texts.empty}>
          {filtered ? common.nothingFoundHint : texts.emptyHint}
        </Empty>
      </Section>
    );
  }
  return (
    <div className="space-y-4">
      {shown.map((one) => (
        <GroupCard key={one.id} group={one} />
      ))}
      {list.hasMore && (
        <Button busy={list.isFetchingMore} onClick={list.more}>
          {common.loadMore}
        </Button>
      )}
    </div>
  );
}

function isWanted(group: GroupView, judged: string | undefined): boolean {
  if (judged === "yes") return group.verdict !== null;
  return judged === "no" ? group.verdict === null : true;
}

/** What somebody said is different leaves the groups; here it can be taken back. */
function SetAside() {
  const texts = useTexts(duplicateTexts);
  const { can } = useSession();
  const verdicts = useVerdicts();
  const { back, busy } = useJudging();
  const different = (verdicts.data?.items ?? []).filter((one) => one.verdict === "different");
  if (different.length === 0) return null;
  return (
    <Section className="mt-6" title={texts.setAside} about={texts.setAsideAbout}>
      <ul className="divide-y divide-line text-sm">
        {different.map((one) => (
          <li
            key={one.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2 first:pt-0 last:pb-0"
          >
            <span className="flex min-w-0 flex-1 flex-wrap gap-x-3 gap-y-1">
              {one.tools.map((tool) => (
                <RouteLink
                  key={tool.id}
                  to={`/tools/${tool.id}`}
                  className={`${linkStyle} font-mono text-xs break-all`}
                >
                  {tool.handle}
                </RouteLink>
              ))}
            </span>
            <Badge>{texts.said.different(one.by_name)}</Badge>
            {can("tool.write") && (
              <Button size="small" disabled={busy} onClick={() => back(one.id)}>
                {texts.undo}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
