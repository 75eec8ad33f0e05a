import { useQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { api, ask } from "@/api/client";
import type { CapabilityView, SimilarView } from "@/api/schema";
import { buttonStyle } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { detailTexts } from "./detailTexts";

/** Tools of any MCP server that do about the same. */
export function Similar({ one }: { one: CapabilityView }) {
  const texts = useTexts(detailTexts).similar;
  const formats = useFormats();
  const query = useQuery({
    queryKey: ["tools", one.id, "similar"],
    queryFn: () => ask(api.GET("/tools/{id}/similar", { params: { path: { id: one.id } } })),
  });
  const columns: Column<SimilarView>[] = [
    {
      id: "tool",
      header: texts.tool,
      width: "minmax(0, 2fr)",
      cell: ({ tool }) => (
        <div className="min-w-0">
          <RouteLink
            to={`/tools/${tool.id}`}
            className="block truncate font-mono text-[0.8125rem] font-medium hover:underline"
          >
            {tool.handle}
          </RouteLink>
          <p className="truncate text-xs text-muted">{tool.description?.slice(0, 200)}</p>
        </div>
      ),
    },
    {
      id: "score",
      header: texts.score,
      width: "4.5rem",
      align: "right",
      cell: ({ score }) => formats.percent(score),
    },
    {
      id: "why",
      header: texts.why,
      width: "minmax(0, 2fr)",
      from: "md",
      cell: ({ reason }) => <span className="text-xs text-muted">{reason}</span>,
    },
    {
      id: "calls",
      header: texts.calls,
      width: "7rem",
      align: "right",
      from: "sm",
      cell: ({ tool }) => (tool.calls === null ? "–" : formats.count(tool.calls)),
    },
  ];
  return (
    <div className="space-y-3">
      <Section flush>
        <DataTable
          label={useTexts(detailTexts).tabs.similar}
          columns={columns}
          rows={query.data?.items ?? []}
          rowKey={({ tool }) => tool.id}
          rowHeight={52}
          isLoading={query.isLoading}
          error={query.error}
          retry={() => void query.refetch()}
          empty={
            <Empty sign={Copy} title={texts.empty}>
              {texts.hint}
            </Empty>
          }
        />
      </Section>
      <RouteLink to="/duplicates" className={buttonStyle({})}>
        {texts.all}
      </RouteLink>
    </div>
  );
}
