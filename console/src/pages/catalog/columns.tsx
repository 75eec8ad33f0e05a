import type { CapabilityView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import type { Column } from "@/components/DataTable";
import { Switch } from "@/components/Fields";
import { Hint } from "@/components/Hint";
import { RouteLink } from "@/components/RouteLink";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useSwitching } from "./ManyBar";
import { Marks } from "./Marks";
import { schemaTokens } from "./schemaTokens";
import type { Shelf } from "./shelves";
import { catalogTexts } from "./texts";

const SHELF_OF = { tool: "tools", prompt: "prompts", resource: "resources", resource_template: "resources" };

/** The columns of a list of the catalog. */
export function useColumns(
  shelf: Shelf,
  canWrite: boolean,
  duplicates: ReadonlyMap<string, number>,
): Column<CapabilityView>[] {
  const texts = useTexts(catalogTexts);
  const common = useCommonTexts();
  const formats = useFormats();
  return [
    {
      id: "name",
      header: common.name,
      width: "minmax(0, 3fr)",
      cell: (one) => <NameCell one={one} shelf={shelf} duplicates={duplicates.get(one.id) ?? 0} />,
    },
    {
      id: "upstream",
      header: texts.upstream,
      width: "minmax(7rem, 1fr)",
      from: "md",
      cell: (one) => (
        <RouteLink
          to={`/upstreams/${one.upstream.id}`}
          className="block truncate text-muted hover:text-ink hover:underline"
        >
          {one.upstream.name}
        </RouteLink>
      ),
    },
    {
      id: "bound",
      header: texts.boundIn,
      width: "minmax(8rem, 1fr)",
      from: "lg",
      cell: (one) => <Bound one={one} />,
    },
    {
      id: "tags",
      header: common.tags,
      width: "minmax(6rem, 1fr)",
      from: "xl",
      cell: (one) => <Tags tags={one.tags} />,
    },
    {
      id: "tokens",
      header: texts.tokens,
      width: "4.5rem",
      align: "right",
      from: "sm",
      cell: (one) => (
        <Hint text={texts.tokensHint}>
          <span>{formats.number(schemaTokens(one))}</span>
        </Hint>
      ),
    },
    {
      id: "enabled",
      header: common.state,
      width: "3rem",
      cell: (one) => <Flip one={one} shelf={shelf} canWrite={canWrite} />,
    },
  ];
}

function NameCell({ one, shelf, duplicates }: { one: CapabilityView; shelf: Shelf; duplicates: number }) {
  const title = one.title ?? (shelf.name === "resources" ? String(one.definition.name ?? "") : "");
  return (
    <div className="min-w-0 space-y-0.5">
      <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
        <RouteLink
          to={`/${shelf.name}/${one.id}`}
          className="min-w-0 truncate font-mono text-[0.8125rem] font-medium hover:underline"
        >
          {one.name}
        </RouteLink>
        {title && title !== one.name && <span className="min-w-0 truncate text-xs text-muted">{title}</span>}
        <Marks one={one} duplicates={duplicates} quiet />
      </div>
      {one.description && <p className="truncate text-xs text-muted">{one.description.slice(0, 300)}</p>}
    </div>
  );
}

function Bound({ one }: { one: CapabilityView }) {
  const texts = useTexts(catalogTexts);
  const [first, ...others] = one.servers;
  if (!first) return <span className="text-faint">{texts.nowhere}</span>;
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <RouteLink
        to={`/servers/${first.slug}`}
        className="min-w-0 truncate text-muted hover:text-ink hover:underline"
      >
        {first.name}
      </RouteLink>
      {others.length > 0 && (
        <Hint text={others.map((each) => each.name).join(", ")}>
          <RouteLink
            to={`/${SHELF_OF[one.kind]}/${one.id}`}
            search={{ tab: "bound" }}
            className="tabular shrink-0 text-xs text-muted hover:underline"
          >
            +{others.length}
          </RouteLink>
        </Hint>
      )}
    </span>
  );
}

function Tags({ tags }: { tags: string[] }) {
  return (
    <span className="flex min-w-0 items-center gap-1 overflow-hidden">
      {tags.slice(0, 2).map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
      {tags.length > 2 && (
        <Hint text={tags.join(", ")}>
          <span className="text-xs text-muted">+{tags.length - 2}</span>
        </Hint>
      )}
    </span>
  );
}

function Flip({ one, shelf, canWrite }: { one: CapabilityView; shelf: Shelf; canWrite: boolean }) {
  const texts = useTexts(catalogTexts);
  const { flip, flipping } = useSwitching(shelf);
  return (
    <Switch
      hiddenLabel
      checked={one.enabled}
      disabled={!canWrite || flipping}
      label={texts.switch(one.name)}
      onChange={(enabled) => flip({ ids: [one.id], enabled })}
    />
  );
}
