import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { api, ask, credentials, noteSignedIn, onSignedOut } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { CONSOLE, ROOT } from "@/api/root";
import type { WhoIsAsking } from "@/api/schema";
import { Failed, Starting } from "@/components/States";
import { holds, type Placed } from "./rights";

type Session = WhoIsAsking & {
  /** Whether the caller holds a permission on something or, with `thing`, on this one; the API has the last word. */
  can: (permission: string, thing?: Placed) => boolean;
  leave: () => Promise<void>;
};
const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("There is no session here.");
  return session;
}

/** Shows what is inside to those who are signed in, and takes others to the page for it. */
export function SignedIn({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ["session"],
    queryFn: async () => {
      const who = await ask(api.GET("/auth/session"));
      credentials.csrf = who.csrf_token ?? "";
      noteSignedIn(true);
      return who;
    },
    staleTime: 60_000,
    refetchInterval: 300_000,
  });
  useEffect(() => onSignedOut(() => void client.invalidateQueries({ queryKey: ["session"] })), [client]);
  const signedOut = query.error instanceof ApiProblem && query.error.status === 401;
  useEffect(() => {
    if (signedOut) goToSignIn();
  }, [signedOut]);
  const session = useMemo(() => (query.data ? withRights(query.data) : null), [query.data]);
  if (signedOut) return <Starting />;
  if (query.error && !session) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!session) return <Starting />;
  return <Context value={session}>{children}</Context>;
}

function withRights(who: WhoIsAsking): Session {
  return { ...who, can: (permission, thing) => holds(who, permission, thing), leave };
}

async function leave(): Promise<void> {
  if (credentials.token) credentials.token = "";
  else await ask(api.POST("/auth/logout"));
  noteSignedIn(false);
  location.assign(`${ROOT}sign-in`);
}

function goToSignIn(): void {
  credentials.token = "";
  noteSignedIn(false);
  const here = location.pathname.startsWith(CONSOLE) ? location.pathname + location.search : CONSOLE;
  location.replace(`${ROOT}sign-in?next=${encodeURIComponent(here)}`);
}
