import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ask } from "@/api/client";
import { Section } from "@/components/Page";
import { Failed, Skeleton } from "@/components/States";
import { type Curve, TimeChart } from "@/components/TimeChart";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** By day: calls, other requests, and what was refused. */
export function TokenUse({ id }: { id: string }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const formats = useFormats();
  const usage = useQuery({
    queryKey: ["tokens", id, "usage"],
    queryFn: () => ask(api.GET("/tokens/{id}/usage", { params: { path: { id }, query: { days: 30 } } })),
  });
  const days = usage.data?.days;
  const times = useMemo(() => (days ?? []).map((one) => Date.parse(one.day) / 1000), [days]);
  const curves = useMemo<Curve[]>(
    () => [
      { label: common.calls, values: (days ?? []).map((one) => one.calls), colour: 1, kind: "bars" },
      { label: t.refused, values: (days ?? []).map((one) => one.refused), colour: 2 },
    ],
    [days, common.calls, t.refused],
  );
  const total = usage.data?.totals;
  return (
    <Section title={t.usage}>
      {usage.error && <Failed error={usage.error} retry={() => void usage.refetch()} />}
      {!usage.data && !usage.error && <Skeleton className="h-52" />}
      {total && total.requests + total.refused === 0 && <p className="text-muted">{t.noUse}</p>}
      {total && total.requests + total.refused > 0 && (
        <>
          <p className="mb-3 text-muted">
            {t.requests}{" "}
            <strong className="tabular font-semibold text-ink">{formats.count(total.requests)}</strong> ·{" "}
            {common.calls}{" "}
            <strong className="tabular font-semibold text-ink">{formats.count(total.calls)}</strong> ·{" "}
            {t.refused}{" "}
            <strong className="tabular font-semibold text-ink">{formats.count(total.refused)}</strong>
          </p>
          {total.calls + total.refused > 0 && (
            <TimeChart times={times} curves={curves} write={formats.count} label={t.usage} />
          )}
        </>
      )}
    </Section>
  );
}
