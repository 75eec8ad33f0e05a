import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { SettingView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Mono } from "@/components/Code";
import { type Column, DataTable } from "@/components/DataTable";
import { Switch } from "@/components/Fields";
import { Filters } from "@/components/Filters";
import { Section } from "@/components/Page";
import { Empty } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrl, useUrlState } from "@/lib/urlState";
import { texts } from "./texts";

export function useSettings() {
  return useQuery({ queryKey: ["settings"], queryFn: () => ask(api.GET("/settings")) });
}

export function SettingList() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const query = useSettings();
  const [url] = useUrl();
  const [changed, setChanged] = useUrlState("changed");
  const words = (url.q ?? "").toLowerCase();
  const rows = (query.data?.items ?? []).filter(
    (one) =>
      (!changed || one.source !== "default") &&
      `${one.name} ${one.about} ${one.variable}`.toLowerCase().includes(words),
  );
  const only = (
    <Switch
      label={t.changedOnly}
      checked={changed === "yes"}
      onChange={(on) => setChanged(on ? "yes" : "")}
    />
  );
  return (
    <>
      <Filters search={t.search} names={["changed"]} end={only} />
      <Section flush>
        <DataTable
          label={t.settings}
          rows={rows}
          columns={useColumns()}
          rowKey={(one) => one.name}
          isLoading={query.isLoading}
          error={query.error}
          retry={() => void query.refetch()}
          rowHeight={56}
          empty={<Empty title={common.nothingFound}>{common.nothingFoundHint}</Empty>}
        />
      </Section>
    </>
  );
}

function useColumns(): Column<SettingView>[] {
  const t = useTexts(texts);
  return [
    {
      id: "name",
      header: t.name,
      width: "minmax(10rem, 2fr)",
      cell: (one) => (
        <>
          <Mono className="block font-medium break-all">{one.name}</Mono>
          <span className="block text-xs text-muted">{one.about}</span>
        </>
      ),
    },
    { id: "value", header: t.value, width: "minmax(7rem, 1fr)", cell: (one) => <Value setting={one} /> },
    {
      id: "source",
      header: t.source,
      width: "8rem",
      from: "sm",
      cell: (one) => (
        <Badge tone={one.source === "default" ? "plain" : "accent"}>
          {t.sources[one.source as keyof typeof t.sources] ?? one.source}
        </Badge>
      ),
    },
    {
      id: "variable",
      header: t.variable,
      width: "minmax(12rem, 1.2fr)",
      from: "lg",
      cell: (one) => <Mono className="block truncate text-muted">{one.variable}</Mono>,
    },
  ];
}

function Value({ setting }: { setting: SettingView }) {
  const t = useTexts(texts);
  const shown = setting.secret && setting.value ? t.hidden : written(setting.value, t.unset);
  const differs = setting.source !== "default" && !setting.secret;
  return (
    <>
      <Mono className="block break-words">{shown}</Mono>
      {differs && (
        <span className="block text-xs text-muted">
          {t.usually(written(setting.default, t.usuallyUnset))}
        </span>
      )}
    </>
  );
}

function written(value: unknown, unset: string): string {
  if (value === null || value === undefined || value === "") return unset;
  if (Array.isArray(value)) return value.length ? value.join(", ") : unset;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
