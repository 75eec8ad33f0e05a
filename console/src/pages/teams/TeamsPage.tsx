import { useNavigate } from "@tanstack/react-router";
import { Plus, Users } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { TeamSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Filters } from "@/components/Filters";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { TeamForm } from "./TeamForm";
import { texts } from "./texts";

export default function TeamsPage() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const [url] = useUrl();
  const [making, setMaking] = useUrlState("new");
  const navigate = useNavigate();
  const list = useList(["teams", "list", url.q], (cursor) =>
    ask(api.GET("/teams", { params: { query: { q: url.q, cursor, limit: 100 } } })),
  );
  const create = can("team.create") && (
    <Button kind="primary" onClick={() => setMaking("yes")}>
      <Plus aria-hidden />
      {t.create}
    </Button>
  );
  const empty = url.q ? (
    <Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>
  ) : (
    <Empty sign={Users} title={t.empty} action={create}>
      {t.emptyWords}
    </Empty>
  );
  return (
    <Page title={t.title} about={t.about} actions={create}>
      <Filters search={t.search} names={[]} />
      <Section flush>
        <DataTable
          {...list}
          label={t.title}
          rows={list.items}
          columns={useColumns()}
          rowKey={(one) => one.id}
          onOpen={(one) => void navigate({ to: `/teams/${one.id}` as never })}
          retry={() => void list.refetch()}
          empty={empty}
        />
      </Section>
      <TeamForm open={making === "yes"} onClose={() => setMaking("")} />
    </Page>
  );
}

function useColumns(): Column<TeamSummary>[] {
  const t = useTexts(texts);
  const common = useCommonTexts();
  return [
    {
      id: "name",
      header: t.name,
      width: "minmax(9rem, 2fr)",
      cell: (one) => (
        <>
          <RouteLink to={`/teams/${one.id}`} className="block truncate font-medium hover:text-accent">
            {one.name}
          </RouteLink>
          <span className="block truncate text-xs text-muted">{one.description || one.slug}</span>
        </>
      ),
    },
    { id: "role", header: t.yours, width: "7rem", from: "sm", cell: (one) => <Belonging role={one.role} /> },
    {
      id: "who",
      header: t.visibility,
      width: "8rem",
      from: "md",
      cell: (one) => t.visibilities[one.visibility],
    },
    {
      id: "created",
      header: common.created,
      width: "8rem",
      from: "lg",
      cell: (one) => <Time at={one.created_at} />,
    },
  ];
}

export function Belonging({ role }: { role: "owner" | "member" | null }) {
  const t = useTexts(texts);
  if (!role) return <span className="text-faint">–</span>;
  return <Badge tone={role === "owner" ? "accent" : "plain"}>{role === "owner" ? t.owner : t.member}</Badge>;
}
