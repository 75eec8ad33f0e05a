import { Copy, Eye, Ghost, Globe, PencilLine, Power, Star, TriangleAlert, Zap } from "lucide-react";
import type { CapabilityView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { RouteLink } from "@/components/RouteLink";
import { useTexts } from "@/lib/i18n";
import { catalogTexts } from "./texts";

/** What is said of it, as people said it here or the MCP server did. */
export function annotationsOf(one: CapabilityView): Record<string, unknown> {
  const said = one.definition.annotations;
  const theirs = typeof said === "object" && said !== null ? (said as Record<string, unknown>) : {};
  return { ...theirs, ...one.overrides.annotations };
}

export function isOverridden(one: CapabilityView): boolean {
  return Object.values(one.overrides).some((value) => value !== null);
}

/** Signs with words: what to know of a capability before it is used. */
export function Marks({
  one,
  duplicates = 0,
  quiet = false,
}: {
  one: CapabilityView;
  duplicates?: number;
  quiet?: boolean;
}) {
  const texts = useTexts(catalogTexts).badges;
  const { readOnlyHint, destructiveHint, openWorldHint } = annotationsOf(one);
  return (
    <>
      {one.state === "gone" && (
        <Badge tone="bad">
          <Ghost aria-hidden />
          {texts.gone}
        </Badge>
      )}
      {!one.enabled && !quiet && (
        <Badge>
          <Power aria-hidden />
          {texts.off}
        </Badge>
      )}
      {one.own && <Badge tone="accent">{texts.own}</Badge>}
      {one.kind === "resource_template" && <Badge>{texts.template}</Badge>}
      {readOnlyHint === true && (
        <Badge tone="ok">
          <Eye aria-hidden />
          {texts.readOnly}
        </Badge>
      )}
      {destructiveHint === true && readOnlyHint !== true && (
        <Badge tone="warn">
          <Zap aria-hidden />
          {texts.destructive}
        </Badge>
      )}
      {openWorldHint === true && !quiet && (
        <Badge>
          <Globe aria-hidden />
          {texts.openWorld}
        </Badge>
      )}
      {one.warnings.length > 0 && (
        <Badge tone="warn">
          <TriangleAlert aria-hidden />
          {texts.warnings(one.warnings.length)}
        </Badge>
      )}
      {isOverridden(one) && (
        <Badge>
          <PencilLine aria-hidden />
          {texts.overridden}
        </Badge>
      )}
      {duplicates > 0 && (
        <Badge>
          <Copy aria-hidden />
          {texts.duplicates(duplicates)}
        </Badge>
      )}
      {one.preferred && one.preferred.id !== one.id && (
        <RouteLink to={`/tools/${one.preferred.id}`} className="max-w-full hover:underline">
          <Badge tone="accent">
            <Star aria-hidden />
            {texts.preferred(one.preferred.handle)}
          </Badge>
        </RouteLink>
      )}
    </>
  );
}
