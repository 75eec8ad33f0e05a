import { api, ask } from "@/api/client";
import { useChange, useList } from "@/api/queries";
import type { UserDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { SessionRows } from "./SessionRows";
import { texts } from "./texts";

/** Where somebody is signed in to the console. */
export function SessionsOfUser({ user }: { user: UserDetails }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const list = useList(["sessions", user.id], (cursor) =>
    ask(
      api.GET("/users/{id}/sessions", { params: { path: { id: user.id }, query: { cursor, limit: 100 } } }),
    ),
  );
  const end = useChange(
    (session: string) =>
      ask(api.DELETE("/users/{id}/sessions/{session}", { params: { path: { id: user.id, session } } })),
    { affects: [["sessions"]], done: t.ended },
  );
  const endAll = useChange(
    () => ask(api.DELETE("/users/{id}/sessions", { params: { path: { id: user.id } } })),
    {
      affects: [["sessions"]],
      done: t.ended,
    },
  );
  const all = can("user.write") && list.items.length > 0 && (
    <Button size="small" onClick={() => endAll.mutate()} busy={endAll.isPending}>
      {t.endAll}
    </Button>
  );
  return (
    <Section title={t.sessions} actions={all}>
      {list.isLoading ? (
        <SkeletonLines lines={2} />
      ) : (
        <SessionRows sessions={list.items} onEnd={(id) => end.mutate(id)} />
      )}
    </Section>
  );
}
