import type { PointView, RankedView } from "@/api/schema";

type Cell = string | number | null;
const FIGURES = [
  "calls",
  "errors",
  "mean_ms",
  "p50_ms",
  "p95_ms",
  "p99_ms",
  "bytes_in",
  "bytes_out",
  "tokens",
] as const;

/** A table for spreadsheets (RFC 4180). What they would take for a formula is text: names come from strangers. */
export function csv(rows: Cell[][]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export function seriesRows(points: PointView[]): Cell[][] {
  return [
    ["start", ...FIGURES],
    ...points.map((one) => [one.start, ...FIGURES.map((name) => one.sums[name])]),
  ];
}

export function topRows(by: string, items: RankedView[]): Cell[][] {
  const rows = items.map((one) => [one.key, one.name, ...FIGURES.map((name) => one.sums[name])]);
  return [[`${by}_id`, by, ...FIGURES], ...rows];
}

/** Gives the browser a file to keep. */
export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
