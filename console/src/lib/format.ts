import { useMemo } from "react";
import { type Language, useLanguage } from "@/lib/i18n";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** How numbers, sizes and times are written in the language of the console. */
export function formats(language: Language) {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  return {
    number: (value: number) => plain.format(value),
    /** 12,345 as it is, 1.2M where there are more digits than anybody reads. */
    count: (value: number) => (Math.abs(value) < 100_000 ? plain.format(value) : compact.format(value)),
    percent: (share: number) => percent.format(share),
    bytes: (value: number) => bytes(value, plain),
    /** A duration of so many milliseconds. */
    milliseconds: (value: number) => duration(value, plain),
    relative: (at: string | Date, now = Date.now()) => ago(new Date(at).getTime() - now, relative),
    exact: (at: string | Date) => exact.format(new Date(at)),
    day: (at: string | Date) => day.format(new Date(at)),
    clock: (at: string | Date) => clock.format(new Date(at)),
    list: (items: string[]) => new Intl.ListFormat(language, { type: "conjunction" }).format(items),
  };
}

export function useFormats() {
  const { language } = useLanguage();
  return useMemo(() => formats(language), [language]);
}

function ago(milliseconds: number, relative: Intl.RelativeTimeFormat): string {
  const seconds = Math.round(milliseconds / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(0, "second");
}

function bytes(value: number, plain: Intl.NumberFormat): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let rest = value;
  let at = 0;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  return `${plain.format(rest)} ${units[at]}`;
}

function duration(value: number, plain: Intl.NumberFormat): string {
  if (value < 1) return `${Math.round(value * 100) / 100} ms`;
  if (value < 1000) return `${plain.format(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ms`;
  if (value < 60_000) return `${plain.format(Math.round(value / 100) / 10)} s`;
  const minutes = Math.floor(value / 60_000);
  return `${minutes} min ${Math.round((value % 60_000) / 1000)} s`;
}
