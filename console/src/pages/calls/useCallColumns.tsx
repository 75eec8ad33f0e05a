import type { CallView } from "@/api/schema";
import type { Column } from "@/components/DataTable";
import { RouteLink } from "@/components/RouteLink";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { Duration } from "./Duration";
import { Outcome } from "./Outcome";
import { clientWords } from "./Parties";
import { callTexts } from "./texts";

/** The columns of a list of calls; `most`: the longest duration in sight. */
export function useCallColumns(most: number): Column<CallView>[] {
  const t = useTexts(callTexts);
  const { bytes } = useFormats();
  return [
    {
      id: "outcome",
      header: t.outcome,
      width: "8rem",
      from: "sm",
      cell: (one) => <Outcome outcome={one.outcome} />,
    },
    { id: "what", header: t.what, width: "minmax(9rem, 2fr)", cell: (one) => <What call={one} /> },
    {
      id: "caller",
      header: t.caller,
      width: "minmax(8rem, 1.2fr)",
      from: "md",
      cell: (one) => <Who call={one} />,
    },
    {
      id: "size",
      header: t.size,
      width: "5.5rem",
      from: "xl",
      align: "right",
      cell: (one) => bytes(one.bytes_in + one.bytes_out),
    },
    {
      id: "duration",
      header: t.duration,
      width: "6rem",
      align: "right",
      cell: (one) => <Duration call={one} most={most} />,
    },
    {
      id: "at",
      header: t.at,
      width: "7rem",
      from: "sm",
      align: "right",
      cell: (one) => <Time at={one.at} className="text-muted" />,
    },
  ];
}

/** The name that was called, as a link to the call, and the way it took. */
export function What({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const way = [call.server?.name ?? t.noServer, call.upstream?.name].filter(Boolean).join(" → ");
  return (
    <>
      <span className="flex min-w-0 items-center gap-1.5">
        <span className="sm:hidden">
          <Outcome outcome={call.outcome} hideWord />
        </span>
        <RouteLink to={`/calls/${call.id}`} className="block truncate font-medium hover:text-accent">
          {call.name ?? call.method}
        </RouteLink>
      </span>
      <span className="block truncate text-xs text-muted">{way}</span>
    </>
  );
}

function Who({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const name = call.principal.kind === "anonymous" ? t.kinds.anonymous : call.principal.name;
  return (
    <>
      <span className="block truncate">{name}</span>
      <span className="block truncate text-xs text-muted">{clientWords(call) || t.unnamedClient}</span>
    </>
  );
}
