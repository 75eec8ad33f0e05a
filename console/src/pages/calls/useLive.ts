import { useEffect, useRef, useState } from "react";
import { ApiProblem } from "@/api/problem";
import { follow } from "@/api/stream";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
export type LiveState = "off" | "on" | "broken";
type Told = { id: string };

/**
 * Follows a stream of the API while `on`, and while the page is looked at. `hear` gets each record once, also those that came while
 * nobody looked; a stream that breaks is taken up where it ended.
 */
export function useLive<T extends Told>(
  path: string,
  query: Record<string, string>,
  on: boolean,
  hear: (one: T, event: string) => void,
): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const seen = useSeen();
  const listener = useRef(hear);
  listener.current = hear;
  const asked = JSON.stringify(query);
  const last = useRef({ asked: "", id: "" });
  useEffect(() => {
    if (!on || !seen) {
      setState("off");
      return;
    }
    if (last.current.asked !== path + asked) last.current = { asked: path + asked, id: "" };
    const ending = new AbortController();
    void listen<T>(path, JSON.parse(asked), last.current, ending.signal, listener, setState);
    return () => ending.abort();
  }, [on, seen, path, asked]);
  return state;
}

async function listen<T extends Told>(
  path: string,
  query: Record<string, string>,
  last: { id: string },
  signal: AbortSignal,
  listener: { current: (one: T, event: string) => void },
  say: (state: LiveState) => void,
) {
  const told = new Set<string>();
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    say("on");
    try {
      for await (const { event, value } of follow<T>(path, query, signal, last.id)) {
        pause = FIRST_PAUSE;
        if (signal.aborted) return;
        if (value.id > last.id) last.id = value.id;
        if (!told.has(value.id)) listener.current(value, event);
        told.add(value.id);
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ApiProblem && error.status < 500)) return;
    }
    if (signal.aborted) return;
    say("broken");
    await new Promise((resume) => setTimeout(resume, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Whether anybody can see the page: a tab in the background gets nothing. */
function useSeen(): boolean {
  const [seen, setSeen] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setSeen(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return seen;
}
