import { useQueries } from "@tanstack/react-query";
import { Boxes } from "lucide-react";
import { api, ask } from "@/api/client";
import type { BindingView, CapabilityView, ServerRef } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { detailTexts } from "./detailTexts";

type Place = { server: ServerRef; bindings: BindingView[] };

/** The virtual servers that offer it, and by which name. */
export function Bound({ one }: { one: CapabilityView }) {
  const texts = useTexts(detailTexts).bound;
  const found = useQueries({
    queries: one.servers.map((server) => ({
      queryKey: ["servers", server.id, "bindings"],
      queryFn: async () =>
        (await ask(api.GET("/servers/{id}/bindings", { params: { path: { id: server.id } } }))).items,
    })),
  });
  const rows = one.servers.map((server, at) => ({
    server,
    bindings: (found[at]?.data ?? []).filter((each) => each.capability === one.id),
  }));
  const columns: Column<Place>[] = [
    {
      id: "server",
      header: texts.server,
      width: "minmax(0, 1fr)",
      cell: ({ server }) => (
        <RouteLink to={`/servers/${server.slug}`} className="block truncate font-medium hover:underline">
          {server.name}
        </RouteLink>
      ),
    },
    {
      id: "name",
      header: texts.name,
      width: "minmax(0, 1fr)",
      cell: ({ bindings }) => <Names bindings={bindings} />,
    },
    {
      id: "aliases",
      header: texts.aliases,
      width: "minmax(0, 1fr)",
      from: "md",
      cell: ({ bindings }) => (
        <Mono className="block truncate text-muted">
          {bindings.flatMap((each) => each.aliases).join(", ") || "–"}
        </Mono>
      ),
    },
  ];
  return (
    <Section flush>
      <DataTable
        label={useTexts(detailTexts).tabs.bound}
        columns={columns}
        rows={rows}
        rowKey={({ server }) => server.id}
        empty={<Nowhere />}
      />
    </Section>
  );
}

function Nowhere() {
  const texts = useTexts(detailTexts).bound;
  const open = (
    <RouteLink to="/servers" className={buttonStyle({})}>
      {texts.open}
    </RouteLink>
  );
  return (
    <Empty sign={Boxes} title={texts.empty} action={open}>
      {texts.hint}
    </Empty>
  );
}

function Names({ bindings }: { bindings: BindingView[] }) {
  const texts = useTexts(detailTexts).bound;
  return (
    <span className="flex min-w-0 flex-col gap-1">
      {bindings.map((one) => (
        <span key={one.id} className="flex min-w-0 flex-wrap items-center gap-1.5">
          <Mono className="min-w-0 break-all">{one.name}</Mono>
          {!one.enabled && <Badge>{texts.off}</Badge>}
          {one.shadowed && <Badge tone="warn">{texts.shadowed}</Badge>}
        </span>
      ))}
    </span>
  );
}
