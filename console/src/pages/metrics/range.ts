/** A stretch of time as the API takes it: `24h` back from now, or two moments. */
export type Range = { since: string; until?: string };
export const RANGES = ["1h", "24h", "7d", "30d"] as const;
export const USUAL = "24h";
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The range that stands in the address. */
export function rangeOf(url: Record<string, string | undefined>, usual = USUAL): Range {
  const since = url.since || usual;
  return url.until ? { since, until: url.until } : { since };
}

/** The stretch of the same length right before it; undefined where it can't be told. */
export function timeBefore(range: Range): Range | undefined {
  const back = seconds(range.since);
  if (back !== undefined && !range.until) return { since: `${back * 2}s`, until: `${back}s` };
  const from = Date.parse(range.since);
  const to = range.until ? Date.parse(range.until) : Date.now();
  if (Number.isNaN(from) || Number.isNaN(to) || to <= from) return undefined;
  return { since: new Date(2 * from - to).toISOString(), until: new Date(from).toISOString() };
}

/** The seconds of a duration such as `24h`; undefined for what is none. */
export function seconds(text: string): number | undefined {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return count && unit ? Number(count) * (UNITS[unit] ?? 0) : undefined;
}

/** A moment as a field of the kind `datetime-local` has it, in the time of this machine. */
export function localField(moment: string | undefined): string {
  const back = moment ? seconds(moment) : undefined;
  const at = back === undefined ? Date.parse(moment ?? "") : Date.now() - back * 1000;
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** By how much it grew, as a share; undefined where there was nothing before. */
export function growth(now: number | null, then: number | null | undefined): number | undefined {
  if (now === null || then === null || then === undefined || then === 0) return undefined;
  return (now - then) / then;
}
