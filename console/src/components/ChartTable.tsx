import { useState } from "react";
import { useFormats } from "@/lib/format";
import { catalog, useTexts } from "@/lib/i18n";
import type { Curve } from "./TimeChart";

const texts = catalog({ asTable: "As a table", time: "Time" }, { asTable: "표로 보기", time: "시각" });
type Props = {
  times: number[];
  curves: Curve[];
  write: (value: number) => string;
  label: string;
  onPick?: (at: number) => void;
};

/** What a chart draws, in words and numbers: for those who can't see it, and for those who want the figures. */
export function ChartTable(props: Props) {
  const t = useTexts(texts);
  const [open, setOpen] = useState(false);
  return (
    <details className="mt-1 text-xs" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="inline-flex h-6 cursor-pointer items-center rounded text-faint hover:text-ink">
        {t.asTable}
      </summary>
      {open && <Rows {...props} />}
    </details>
  );
}

function Rows({ times, curves, write, label, onPick }: Props) {
  const t = useTexts(texts);
  const formats = useFormats();
  const rows = times.map((_, at) => at).reverse();
  return (
    // A part that scrolls has to be reached by the keyboard.
    <section
      aria-label={label}
      tabIndex={0}
      className="mt-1 max-h-64 overflow-auto rounded border border-line"
    >
      <table className="w-full text-left">
        <thead className="sticky top-0 bg-sunken text-muted">
          <tr>
            <th scope="col" className="px-2 py-1 font-medium whitespace-nowrap">
              {t.time}
            </th>
            {curves.map((one) => (
              <th key={one.label} scope="col" className="px-2 py-1 text-right font-medium">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="tabular">
          {rows.map((at) => {
            const when = formats.exact(new Date((times[at] ?? 0) * 1000));
            return (
              <tr key={at} className="border-t border-line">
                <th scope="row" className="px-2 py-1 font-normal whitespace-nowrap">
                  {onPick ? (
                    <button
                      type="button"
                      className="min-h-6 text-accent hover:underline"
                      onClick={() => onPick(at)}
                    >
                      {when}
                    </button>
                  ) : (
                    when
                  )}
                </th>
                {curves.map((one) => (
                  <td key={one.label} className="px-2 py-1 text-right">
                    {written(one.values[at], write)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** A value, or a dash where there is none. */
export function written(value: number | null | undefined, write: (value: number) => string): string {
  return value === null || value === undefined ? "–" : write(value);
}
