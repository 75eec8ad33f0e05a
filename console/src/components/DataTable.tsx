import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { useMedia } from "@/lib/theme";
import { Checkbox } from "./Fields";
import { isPlainClick, moveByKey } from "./rows";
import { Failed, Skeleton } from "./States";

export type Column<T> = {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** A track of a CSS grid, such as `minmax(12rem, 2fr)` or `7rem`. */
  width: string;
  align?: "right";
  /** Its header is for those who hear it: the column shows by itself what it has. */
  quiet?: true;
  /** Not shown on screens narrower than this. */
  from?: "sm" | "md" | "lg" | "xl";
  sortable?: boolean;
};
export type Sort = { by: string; down: boolean };
type Selection = {
  chosen: ReadonlySet<string>;
  onChange: (chosen: Set<string>) => void;
  label: (id: string) => string;
};

type Props<T> = {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Rows are made of links and buttons of their own; this is for a click anywhere else on one. */
  onOpen?: (row: T) => void;
  isLoading?: boolean;
  error?: unknown;
  retry?: () => void;
  /** What stands here when there are no rows. */
  empty: ReactNode;
  hasMore?: boolean;
  more?: () => void;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  selection?: Selection;
  rowHeight?: number;
};

/** A list of any length: only the rows in sight are in the page, and the next page of the API is got before its end is. */
export function DataTable<T>(props: Props<T>) {
  const { label, rows, isLoading, error, empty } = props;
  const columns = useShown(props.columns);
  const template = [props.selection ? "2.25rem" : "", ...columns.map((one) => one.width)]
    .filter(Boolean)
    .join(" ");
  if (error && rows.length === 0) return <Failed error={error} retry={props.retry} />;
  if (!isLoading && rows.length === 0) return <>{empty}</>;
  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={props.hasMore ? -1 : rows.length + 1}
      className="min-w-0 text-sm"
    >
      <Head {...props} columns={columns} template={template} />
      {isLoading ? (
        <Waiting columns={columns} template={template} />
      ) : (
        <Body {...props} columns={columns} template={template} />
      )}
    </div>
  );
}

type Laid<T> = Props<T> & { template: string };
const ROW = "grid items-center gap-x-3 px-4 sm:gap-x-5";
/** So few rows are all in the page: to be found by the browser, and printed. */
const FEW = 200;

function Head<T>({ columns, template, sort, onSort, selection, rows, rowKey }: Laid<T>) {
  const common = useCommonTexts();
  const all = rows.length > 0 && rows.every((one) => selection?.chosen.has(rowKey(one)));
  const some = !all && rows.some((one) => selection?.chosen.has(rowKey(one)));
  return (
    <div role="rowgroup" className="border-b border-line">
      <div
        role="row"
        className={cn(ROW, "h-9 text-xs font-medium text-muted")}
        style={{ gridTemplateColumns: template }}
      >
        {selection && (
          <span role="columnheader">
            <Checkbox
              hiddenLabel
              label={common.all}
              checked={some ? "indeterminate" : all}
              onChange={(checked) => selection.onChange(withAll(selection.chosen, rows.map(rowKey), checked))}
            />
          </span>
        )}
        {columns.map((one) => (
          <span
            key={one.id}
            role="columnheader"
            aria-sort={sort?.by === one.id ? (sort.down ? "descending" : "ascending") : undefined}
            className={cn("min-w-0 truncate", one.align === "right" && "text-right", one.quiet && "relative")}
          >
            {one.sortable && onSort ? (
              <button
                type="button"
                className="inline-flex items-center gap-1 rounded hover:text-ink"
                onClick={() => onSort({ by: one.id, down: sort?.by === one.id ? !sort.down : true })}
              >
                {one.header}
                {sort?.by === one.id &&
                  (sort.down ? (
                    <ArrowDown className="size-3" aria-hidden />
                  ) : (
                    <ArrowUp className="size-3" aria-hidden />
                  ))}
              </button>
            ) : one.quiet ? (
              <span className="sr-only">{one.header}</span>
            ) : (
              one.header
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

function Body<T>(props: Laid<T>) {
  const { rows, rowKey, columns, template, hasMore, more, rowHeight = 44 } = props;
  const place = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = place.current?.getBoundingClientRect().top ?? 0;
    setMargin(top + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: rows.length <= FEW ? FEW : 12,
    scrollMargin: margin,
    getItemKey: (at) => (rows[at] ? rowKey(rows[at]) : at),
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 20) more?.();
  }, [hasMore, last, rows.length, more]);
  return (
    <div
      role="rowgroup"
      ref={place}
      onKeyDown={moveByKey}
      className="relative"
      style={{ height: virtual.getTotalSize() }}
    >
      {shown.map((item) => {
        const row = rows[item.index];
        if (row === undefined) return null;
        return (
          <div
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            role="row"
            aria-rowindex={item.index + 2}
            onClick={(event) => props.onOpen && isPlainClick(event) && props.onOpen(row)}
            className={cn(
              ROW,
              "absolute inset-x-0 top-0 border-b border-line py-1.5 hover:bg-hover has-[a:focus-visible]:bg-hover",
              item.index === rows.length - 1 && !hasMore && "border-b-0",
              props.onOpen && "cursor-pointer",
            )}
            style={{
              gridTemplateColumns: template,
              minHeight: rowHeight,
              transform: `translateY(${item.start - margin}px)`,
            }}
          >
            <Cells {...props} row={row} columns={columns} />
          </div>
        );
      })}
    </div>
  );
}

function Cells<T>({ row, columns, selection, rowKey }: Laid<T> & { row: T }) {
  const id = rowKey(row);
  return (
    <>
      {selection && (
        <span role="cell">
          <Checkbox
            hiddenLabel
            label={selection.label(id)}
            checked={selection.chosen.has(id)}
            onChange={(checked) => selection.onChange(withAll(selection.chosen, [id], checked))}
          />
        </span>
      )}
      {columns.map((one) => (
        <div
          key={one.id}
          role="cell"
          className={cn("min-w-0", one.align === "right" && "tabular text-right")}
        >
          {one.cell(row)}
        </div>
      ))}
    </>
  );
}

function Waiting<T>({ columns, template }: { columns: Column<T>[]; template: string }) {
  return (
    <div role="rowgroup" aria-busy>
      {Array.from({ length: 8 }, (_, at) => (
        <div
          key={at}
          role="row"
          className={cn(ROW, "h-11 border-b border-line")}
          style={{ gridTemplateColumns: template }}
        >
          {columns.map((one, column) => (
            <span role="cell" key={one.id}>
              <Skeleton className={column === 0 ? "w-3/4" : "w-1/2"} />
            </span>
          ))}
        </div>
      ))}
    </div>
  );
}

/** The table's columns on this screen; a hook, since the screen changes. */
function useShown<T>(columns: Column<T>[]): Column<T>[] {
  const wide = {
    sm: useMedia("(min-width: 40rem)"),
    md: useMedia("(min-width: 52rem)"),
    lg: useMedia("(min-width: 68rem)"),
    xl: useMedia("(min-width: 84rem)"),
  };
  return columns.filter((one) => !one.from || wide[one.from]);
}

function withAll(chosen: ReadonlySet<string>, ids: string[], add: boolean): Set<string> {
  const next = new Set(chosen);
  for (const id of ids) add ? next.add(id) : next.delete(id);
  return next;
}
