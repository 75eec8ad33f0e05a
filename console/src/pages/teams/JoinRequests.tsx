import { api, ask } from "@/api/client";
import { useChange, useList } from "@/api/queries";
import type { RequestSummary, TeamSummary } from "@/api/schema";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { Time } from "@/components/Time";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** Those who ask to join; nothing is shown where nobody does. */
export function JoinRequests({ team }: { team: TeamSummary }) {
  const t = useTexts(texts);
  const list = useList(["teams", team.id, "requests"], (cursor) =>
    ask(
      api.GET("/teams/{id}/requests", {
        params: { path: { id: team.id }, query: { state: "open", cursor, limit: 100 } },
      }),
    ),
  );
  const path = (request: RequestSummary) => ({ params: { path: { id: team.id, request: request.id } } });
  const accept = useChange(
    (one: RequestSummary) => ask(api.POST("/teams/{id}/requests/{request}/accept", path(one))),
    {
      affects: [["teams"]],
      done: (_, one) => t.accepted(one.name),
    },
  );
  const decline = useChange(
    (one: RequestSummary) => ask(api.POST("/teams/{id}/requests/{request}/decline", path(one))),
    {
      affects: [["teams"]],
      done: (_, one) => t.declined(one.name),
    },
  );
  if (!list.items.length) return null;
  return (
    <Section title={t.requests}>
      <ul className="divide-y divide-line">
        {list.items.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-3 py-2.5 first:pt-0 last:pb-0">
            <div className="min-w-0 flex-1 basis-56">
              <p>
                <span className="font-medium">{one.name}</span>{" "}
                <span className="text-muted">{one.email}</span>
              </p>
              {one.message && <p className="text-muted">{one.message}</p>}
              <p className="text-xs text-faint">
                <Time at={one.created_at} />
              </p>
            </div>
            <Button size="small" onClick={() => decline.mutate(one)}>
              {t.decline}
            </Button>
            <Button size="small" kind="primary" onClick={() => accept.mutate(one)}>
              {t.accept}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
