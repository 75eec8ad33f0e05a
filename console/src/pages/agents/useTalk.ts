import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, ask } from "@/api/client";
import type { Reply } from "@/api/schema";
import { type Heard, heard, isOpen, SILENCE, said } from "./conversation";

export type Turn = { id: number; mine: string; answer: Heard; error: unknown; ended: boolean };

/** A conversation with an agent: each turn goes on with the context of the last one, and answers its task where that waits. */
export function useTalk(agent: string) {
  const [turns, setTurns] = useState<Turn[]>([]);
  const stopping = useRef<AbortController>(undefined);
  const last = turns.at(-1);
  const change = (id: number, with_: (turn: Turn) => Turn) =>
    setTurns((before) => before.map((one) => (one.id === id ? with_(one) : one)));
  const sending = useMutation({
    mutationFn: async (text: string) => {
      const id = turns.length;
      const waits = last?.answer.state === "input-required" ? last.answer.task : null;
      const asked = { text, task_id: waits ?? undefined, context_id: last?.answer.context ?? undefined };
      stopping.current = new AbortController();
      setTurns((before) => [...before, { id, mine: text, answer: SILENCE, error: null, ended: false }]);
      try {
        for await (const reply of said(agent, asked, stopping.current.signal)) {
          change(id, (turn) => ({ ...turn, answer: heard(turn.answer, reply) }));
        }
      } catch (error) {
        if (!stopping.current.signal.aborted) change(id, (turn) => ({ ...turn, error }));
      } finally {
        change(id, (turn) => ({ ...turn, ended: true }));
      }
    },
  });
  const task = useMutation({
    mutationFn: async ({ turn, cancel }: { turn: Turn; cancel: boolean }) => {
      const params = { path: { id: agent, task: turn.answer.task ?? "" } };
      const reply: Reply = cancel
        ? await ask(api.POST("/agents/{id}/tasks/{task}/cancel", { params }))
        : await ask(api.GET("/agents/{id}/tasks/{task}", { params }));
      change(turn.id, (one) => ({ ...one, answer: heard(one.answer, reply), error: null }));
    },
    onError: (error, { turn }) => change(turn.id, (one) => ({ ...one, error })),
  });
  return {
    turns,
    busy: sending.isPending,
    waits: last !== undefined && last.answer.state === "input-required",
    open: last !== undefined && isOpen(last.answer),
    send: (text: string) => sending.mutate(text),
    stop: () => stopping.current?.abort(),
    look: (turn: Turn) => task.mutate({ turn, cancel: false }),
    cancel: (turn: Turn) => task.mutate({ turn, cancel: true }),
    taskBusy: task.isPending,
    clear: () => setTurns([]),
  };
}
