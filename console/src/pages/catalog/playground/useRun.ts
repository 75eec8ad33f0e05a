import { useCallback, useEffect, useRef, useState } from "react";
import { bearer } from "@/mcp/authorization";
import { connect } from "@/mcp/client";
import type { Answer, Era, Fields, LogLine, Passed, Progress, Question } from "@/mcp/wire";
import type { Wanted } from "./wanted";

const MOST_KEPT = 400;

export type Asked = { id: number; question: Question; answer: (answer: Answer) => void; answered: boolean };
export type Logged = LogLine & { at: number };
export type Run = {
  state: "idle" | "running" | "done" | "failed" | "cancelled";
  startedAt: number;
  endedAt: number;
  progress: Progress | null;
  logs: Logged[];
  asked: Asked[];
  passed: Passed[];
  method: string;
  result: Fields | null;
  failure: unknown;
};
const IDLE: Run = {
  state: "idle",
  startedAt: 0,
  endedAt: 0,
  progress: null,
  logs: [],
  asked: [],
  passed: [],
  method: "",
  result: null,
  failure: null,
};

/** One call after the other, and all that is heard of each. Leaving the page cancels. */
export function useRun(era: Era, url: string) {
  const [run, setRun] = useState<Run>(IDLE);
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);
  const start = useCallback(
    async (wanted: Wanted) => {
      control.current?.abort();
      const mine = new AbortController();
      control.current = mine;
      setRun({ ...IDLE, state: "running", startedAt: Date.now(), method: wanted.method });
      const change = (next: (before: Run) => Partial<Run>) => {
        if (control.current === mine) setRun((before) => ({ ...before, ...next(before) }));
      };
      const client = connect(era, { url, bearer, listener: listenerOf(change, mine.signal) });
      try {
        const result = await client.request(wanted.method, wanted.params, {
          signal: mine.signal,
          schema: wanted.schema,
        });
        change(() => ({ state: "done", result, endedAt: Date.now() }));
      } catch (failure) {
        const state = mine.signal.aborted ? "cancelled" : "failed";
        change(() => ({ state, failure, endedAt: Date.now() }));
      }
      await client.close().catch(() => undefined);
    },
    [era, url],
  );
  const cancel = useCallback(() => control.current?.abort(), []);
  return { run, start, cancel };
}

type Change = (next: (before: Run) => Partial<Run>) => void;

function listenerOf(change: Change, signal: AbortSignal) {
  let number = 0;
  return {
    passed: (message: Passed) => change(({ passed }) => ({ passed: kept(passed, message) })),
    progress: (progress: Progress) => change(() => ({ progress })),
    log: (line: LogLine) => change(({ logs }) => ({ logs: kept(logs, { ...line, at: Date.now() }) })),
    ask: (question: Question) =>
      new Promise<Answer>((resolve, reject) => {
        const id = ++number;
        const answer = (said: Answer) => {
          change(({ asked }) => ({
            asked: asked.map((one) => (one.id === id ? { ...one, answered: true } : one)),
          }));
          resolve(said);
        };
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        change(({ asked }) => ({ asked: [...asked, { id, question, answer, answered: false }] }));
      }),
  };
}

function kept<T>(before: T[], one: T): T[] {
  return [...before.slice(-MOST_KEPT + 1), one];
}
