import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import { useSession } from "@/app/session";
import { Choice, Filters } from "@/components/Filters";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import type { Query, Shelf } from "./shelves";
import { catalogTexts } from "./texts";

const NAMES = ["upstream", "tag", "state", "enabled", "unused", "kind", "own"];
const DAYS = [7, 30, 90];

/** All MCP servers and Gatehouse itself, by name: for choices and for the era that each speaks. */
export function useUpstreams() {
  const { can } = useSession();
  return useQuery({
    queryKey: ["upstreams", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/upstreams", { params: { query: { cursor, limit: 500 } } }))),
    enabled: can("upstream.read"),
    staleTime: 30_000,
  });
}

export function useTags() {
  return useQuery({ queryKey: ["tags"], queryFn: () => ask(api.GET("/tags")), staleTime: 30_000 });
}

/** What the address asks for, as the API has it. */
export function useWanted(): Query {
  const [url] = useUrl();
  const upstreams = useUpstreams();
  const local = upstreams.data?.find((one) => one.kind === "local")?.name;
  return {
    q: url.q || undefined,
    upstream: url.own === "yes" ? (local ?? "-") : url.upstream || undefined,
    tag: url.tag || undefined,
    state: url.state === "gone" || url.state === "present" ? url.state : undefined,
    enabled: url.enabled === "yes" ? true : url.enabled === "no" ? false : undefined,
    unused_for: url.unused || undefined,
    kind: url.kind === "resource" || url.kind === "resource_template" ? url.kind : undefined,
  };
}

/** The facets of a list of the catalog. */
export function Facets({ shelf }: { shelf: Shelf }) {
  const texts = useTexts(catalogTexts);
  const { can } = useSession();
  const upstreams = useUpstreams();
  const tags = useTags();
  const used = (tags.data?.items ?? []).filter((one) => one[shelf.name] > 0);
  const offering = (upstreams.data ?? []).filter((one) => one.kind === "mcp");
  return (
    <Filters search={texts.search[shelf.name]} names={NAMES}>
      {offering.length > 0 && (
        <Choice
          name="upstream"
          label={texts.anyUpstream}
          options={offering.map((one) => ({ value: one.name, label: one.name }))}
        />
      )}
      {used.length > 0 && (
        <Choice
          name="tag"
          label={texts.anyTag}
          options={used.map((one) => ({ value: one.tag, label: texts.tagCount(one.tag, one[shelf.name]) }))}
        />
      )}
      <Choice
        name="state"
        label={texts.anyState}
        options={[
          ["present", texts.present],
          ["gone", texts.gone],
        ].map(option)}
      />
      <Choice
        name="enabled"
        label={texts.anySwitch}
        options={[
          ["yes", texts.on],
          ["no", texts.off],
        ].map(option)}
      />
      {can("call.read") && (
        <Choice
          name="unused"
          label={texts.anyUse}
          options={DAYS.map((days) => ({ value: `${days}d`, label: texts.unused(days) }))}
        />
      )}
      {shelf.name === "resources" && (
        <Choice
          name="kind"
          label={texts.anyKind}
          options={(["resource", "resource_template"] as const).map((one) => ({
            value: one,
            label: texts.one[one],
          }))}
        />
      )}
      {shelf.name !== "tools" && (
        <Choice name="own" label={texts.anyOrigin} options={[{ value: "yes", label: texts.own }]} />
      )}
    </Filters>
  );
}

function option([value, label]: string[]) {
  return { value: value ?? "", label: label ?? "" };
}
