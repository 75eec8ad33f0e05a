import { useCallback, useEffect, useState } from "react";
import { type LiveState, useLive } from "./useLive";

const MOST = 500;
type Told = { id: string };
export type Tail<T> = {
  /** What came since it was followed, newest first. */
  fresh: T[];
  /** What came while it is paused. */
  waiting: T[];
  state: LiveState;
  /** Shows what waits. */
  take: () => void;
};

/** What comes in a stream, kept to be shown: while it is paused it is counted and held back. */
export function useTail<T extends Told>(
  path: string,
  query: Record<string, string>,
  { on, paused }: { on: boolean; paused: boolean },
): Tail<T> {
  const [fresh, setFresh] = useState<T[]>([]);
  const [waiting, setWaiting] = useState<T[]>([]);
  const asked = JSON.stringify([path, query]);
  useEffect(() => {
    setFresh([]);
    setWaiting([]);
  }, [asked, on]);
  const hear = useCallback(
    (one: T) => (paused ? setWaiting : setFresh)((before) => added(before, one)),
    [paused],
  );
  const state = useLive<T>(path, query, on, hear);
  const take = useCallback(() => {
    setFresh((before) => waiting.toReversed().reduce(added, before));
    setWaiting([]);
  }, [waiting]);
  useEffect(() => {
    if (!paused && waiting.length) take();
  }, [paused, waiting.length, take]);
  return { fresh, waiting, state, take };
}

function added<T extends Told>(before: T[], one: T): T[] {
  return before.some((other) => other.id === one.id) ? before : [one, ...before].slice(0, MOST);
}

/** A list with what came since on top, each once. */
export function joined<T extends Told>(fresh: T[], listed: T[]): T[] {
  if (!fresh.length) return listed;
  const known = new Set(listed.map((one) => one.id));
  return [...fresh.filter((one) => !known.has(one.id)), ...listed];
}
