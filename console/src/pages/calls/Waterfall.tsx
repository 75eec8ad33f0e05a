import type { CallView } from "@/api/schema";
import { cn } from "@/lib/cn";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { type Segment, segments } from "./segments";
import { callTexts } from "./texts";

const COLOURS: Record<Segment["name"], string> = {
  queue: "bg-chart-4",
  upstream: "bg-chart-1",
  answer: "bg-chart-4",
};
const MARKS = [0, 0.25, 0.5, 0.75, 1];

/** Where the time of a call went: each part on a line of its own, along one scale. */
export function Waterfall({ call }: { call: CallView }) {
  const t = useTexts(callTexts);
  const { milliseconds, percent } = useFormats();
  const total = Math.max(call.total_ms, 0.001);
  return (
    <div>
      <ol className="space-y-2">
        {segments(call).map(({ name, from, length }) => (
          <li
            key={name}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 sm:grid-cols-[11rem_minmax(0,1fr)_8.5rem]"
          >
            <span className="truncate text-sm text-muted">{t.segments[name]}</span>
            <span className="tabular text-right text-sm whitespace-nowrap sm:order-3">
              <span className="font-medium">{milliseconds(length)}</span>{" "}
              <span className="inline-block w-12 text-faint">{percent(length / total)}</span>
            </span>
            <span
              role="img"
              aria-label={t.segmentWords(t.segments[name], milliseconds(from), milliseconds(length))}
              className="relative col-span-2 block h-5 overflow-hidden rounded-sm bg-sunken sm:order-2 sm:col-span-1"
            >
              <span
                className={cn("absolute inset-y-0 min-w-0.5 rounded-sm", COLOURS[name])}
                style={{
                  left: `min(${(from / total) * 100}%, calc(100% - 2px))`,
                  width: `${(length / total) * 100}%`,
                }}
              />
            </span>
          </li>
        ))}
      </ol>
      <div aria-hidden className="mt-2 hidden grid-cols-[11rem_minmax(0,1fr)_8.5rem] gap-x-4 sm:grid">
        <span className="tabular col-start-2 flex justify-between border-t border-line pt-1 text-2xs text-faint">
          {MARKS.map((mark) => (
            <span key={mark}>{milliseconds(total * mark)}</span>
          ))}
        </span>
      </div>
    </div>
  );
}
