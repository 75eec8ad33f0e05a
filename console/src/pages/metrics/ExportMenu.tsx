import { Download } from "lucide-react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { Button } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { useTexts } from "@/lib/i18n";
import { csv, download, seriesRows, topRows } from "./csv";
import type { CallFilter } from "./filters";
import type { Range } from "./range";
import { metricTexts } from "./texts";
import type { By, Measure } from "./useFigures";

type Props = { filter: CallFilter; range: Range; by: By; measure: Measure };
type What = "json" | "series" | "top";
const MOST = 500;

/** The figures of the page as files: all of the ranking, and not only what is in sight. */
export function ExportMenu(props: Props) {
  const t = useTexts(metricTexts);
  const run = useChange((what: What) => exported(what, props));
  const trigger = (
    <Button busy={run.isPending}>
      <Download aria-hidden />
      {t.export}
    </Button>
  );
  return (
    <Menu
      trigger={trigger}
      items={[
        { label: t.exportSeries, onSelect: () => run.mutate("series") },
        { label: t.exportTop, onSelect: () => run.mutate("top") },
        { label: t.exportJson, onSelect: () => run.mutate("json") },
      ]}
    />
  );
}

async function exported(what: What, { filter, range, by, measure }: Props): Promise<void> {
  const query = { ...filter, ...range };
  const series = () => ask(api.GET("/metrics/series", { params: { query } }));
  const top = () =>
    ask(api.GET("/metrics/top", { params: { query: { ...query, by, measure, limit: MOST } } }));
  if (what === "series")
    return download("calls-over-time.csv", "text/csv", csv(seriesRows((await series()).points)));
  if (what === "top")
    return download(`calls-by-${by}.csv`, "text/csv", csv(topRows(by, (await top()).items)));
  const totals = ask(api.GET("/metrics/totals", { params: { query } }));
  const errors = ask(api.GET("/metrics/errors", { params: { query } }));
  const slowest = ask(api.GET("/metrics/slowest", { params: { query } }));
  const all = {
    totals: await totals,
    series: await series(),
    top: await top(),
    errors: await errors,
    slowest: await slowest,
  };
  return download("calls.json", "application/json", JSON.stringify({ asked: query, ...all }, null, 2));
}
