import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { toast } from "sonner";
import { tellProblem } from "@/api/tell";
import { useCommonTexts } from "@/lib/common";

const PATIENCE = 7_000;
type Removal = {
  id: string;
  /** Others that go with it. */
  also?: string[];
  /** What is said: "github deleted". */
  words: string;
  run: () => Promise<unknown>;
  affects: QueryKey[];
};
type Pending = Removal & { timer: ReturnType<typeof setTimeout> };
type Removing = { gone: ReadonlySet<string>; remove: (removal: Removal) => void };
const Context = createContext<Removing>({ gone: new Set(), remove: () => undefined });

/** Deletions wait some seconds in which they can be undone; what is deleted is out of sight at once. Leaving the page carries them out. */
export function RemovalProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const common = useCommonTexts();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const pending = useRef(new Map<string, Pending>());
  const show = useCallback(
    ({ id, also = [] }: Removal) =>
      setGone((before) => new Set([...before].filter((one) => one !== id && !also.includes(one)))),
    [],
  );
  const carryOut = useCallback(
    async (removal: Pending) => {
      clearTimeout(removal.timer);
      if (!pending.current.delete(removal.id)) return;
      try {
        await removal.run();
      } catch (error) {
        tellProblem(error, common);
      }
      await Promise.all(removal.affects.map((queryKey) => client.invalidateQueries({ queryKey })));
      show(removal);
    },
    [client, common, show],
  );
  const remove = useCallback(
    (removal: Removal) => {
      const waiting: Pending = { ...removal, timer: setTimeout(() => void carryOut(waiting), PATIENCE) };
      pending.current.set(removal.id, waiting);
      setGone((before) => new Set([...before, removal.id, ...(removal.also ?? [])]));
      const undo = () => {
        clearTimeout(waiting.timer);
        if (pending.current.delete(removal.id)) show(removal);
      };
      toast(removal.words, { duration: PATIENCE, action: { label: common.undo, onClick: undo } });
    },
    [carryOut, common.undo, show],
  );
  useEffect(() => {
    const leave = () => {
      for (const one of pending.current.values()) void carryOut(one);
    };
    addEventListener("pagehide", leave);
    return () => removeEventListener("pagehide", leave);
  }, [carryOut]);
  const value = useMemo(() => ({ gone, remove }), [gone, remove]);
  return <Context value={value}>{children}</Context>;
}

/** `gone`: ids that lists leave out; `remove`: deletes, with a way back. */
export function useRemoval(): Removing {
  return useContext(Context);
}
