import { useQueries } from "@tanstack/react-query";
import type { MemberView } from "@/api/schema";
import { Code } from "@/components/Code";
import { Diff } from "@/components/Diff";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { SHELVES } from "../catalog/shelves";
import { schemaText } from "./compare";
import { duplicateTexts } from "./texts";

/** Line by line, a difference takes time and room in proportion to the product of both. */
const LONGEST = 2_000;

/** The schema of the first, and how that of each other one differs from it. */
export function Comparison({ members }: { members: MemberView[] }) {
  const texts = useTexts(duplicateTexts);
  const found = useQueries({
    queries: members.map((one) => ({
      queryKey: ["tools", one.id],
      queryFn: () => SHELVES.tools.get(one.id),
    })),
  });
  const [first, ...others] = found.map((one) => one.data);
  if (!first) return <SkeletonLines />;
  const base = schemaText(first);
  return (
    <div className="mt-3 grid gap-3 lg:grid-cols-2">
      <div className="min-w-0 space-y-1.5">
        <h3 className="text-xs font-medium break-all text-muted">{first.handle}</h3>
        <Code text={base} json title={texts.input} />
      </div>
      {others.map((other) => {
        if (!other) return null;
        const text = schemaText(other);
        const long = text.split("\n").length > LONGEST || base.split("\n").length > LONGEST;
        return (
          <div key={other.id} className="min-w-0 space-y-1.5">
            <h3 className="text-xs font-medium break-all text-muted">{other.handle}</h3>
            {text === base && <p className="text-sm text-muted">{texts.schemaSame}</p>}
            {text !== base && long && <Code text={text} title={texts.input} />}
            {text !== base && !long && (
              <Diff label={texts.diffOf(first.handle, other.handle)} before={base} after={text} />
            )}
          </div>
        );
      })}
    </div>
  );
}
