import { CircleAlert, CircleCheck, Clock3, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { useSession } from "@/app/session";
import { Button, buttonStyle } from "@/components/Button";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { overviewTexts } from "./texts";
import type { Trouble } from "./trouble";

const FEW = 6;
const LOOKS = {
  bad: [CircleAlert, "text-bad"],
  warn: [TriangleAlert, "text-warn"],
  plain: [Clock3, "text-muted"],
} as const;

/** What is wrong or waits, the worst first, each with the way to mend it. */
export function Troubles({ troubles }: { troubles: Trouble[] | undefined }) {
  const t = useTexts(overviewTexts);
  const [all, setAll] = useState(false);
  if (!troubles) {
    return (
      <Section title={t.wrong}>
        <SkeletonLines lines={2} />
      </Section>
    );
  }
  if (!troubles.length) return <AllWell />;
  const shown = all ? troubles : troubles.slice(0, FEW);
  return (
    <Section title={`${t.wrong} (${troubles.length})`} flush>
      <ul>
        {shown.map((one) => (
          <Row key={one.key} trouble={one} />
        ))}
      </ul>
      {troubles.length > FEW && (
        <div className="border-t border-line px-3 py-1.5">
          <Button kind="quiet" size="small" onClick={() => setAll(!all)}>
            {all ? t.less : t.more(troubles.length - FEW)}
          </Button>
        </div>
      )}
    </Section>
  );
}

function AllWell() {
  const t = useTexts(overviewTexts);
  return (
    <Section title={t.wrong}>
      <p className="flex items-center gap-2">
        <CircleCheck className="size-4 shrink-0 text-ok" aria-hidden />
        <span>
          <span className="font-medium">{t.allWell}</span>{" "}
          <span className="text-muted">{t.allWellWords}</span>
        </span>
      </p>
    </Section>
  );
}

function Row({ trouble }: { trouble: Trouble }) {
  const [Sign, colour] = LOOKS[trouble.tone];
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line px-4 py-2">
      <Sign className={cn("size-4 shrink-0", colour)} aria-hidden />
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <RouteLink to={trouble.to} search={trouble.search} className="font-medium hover:text-accent">
            {useWords(trouble)}
          </RouteLink>
          {trouble.at && <Time at={trouble.at} className="text-xs text-muted" />}
        </p>
        {trouble.about && <p className="line-clamp-2 text-xs break-words text-muted">{trouble.about}</p>}
      </div>
      <span className="ml-7 sm:ml-0">
        <Mend trouble={trouble} />
      </span>
    </li>
  );
}

function useWords({ kind, name, team, key }: Trouble): string {
  const t = useTexts(overviewTexts).troubles;
  if (kind === "join") return t.join(name, team ?? "");
  return kind === "refused" && key === "refused-" ? t.unknownToken : t[kind](name);
}

function Mend({ trouble }: { trouble: Trouble }) {
  const t = useTexts(overviewTexts);
  const { can } = useSession();
  const { kind, to, search, upstream, name } = trouble;
  if ((kind === "down" || kind === "degraded") && upstream && can("upstream.write"))
    return <CheckAgain id={upstream} name={name} />;
  const words = {
    sign_in: t.mends.signIn,
    expires: t.mends.renew,
    expired: t.mends.renew,
    update: t.mends.update,
    install: t.mends.decide,
    join: t.mends.decide,
  }[kind as string];
  return (
    <RouteLink
      to={to}
      search={search}
      aria-label={`${words ?? t.mends.look}: ${name}`}
      className={buttonStyle({ size: "small" })}
    >
      {words ?? t.mends.look}
    </RouteLink>
  );
}

function CheckAgain({ id, name }: { id: string; name: string }) {
  const t = useTexts(overviewTexts);
  const check = useChange(() => ask(api.POST("/upstreams/{id}/check", { params: { path: { id } } })), {
    affects: [["upstreams"]],
    onDone: ({ ok, error }) =>
      ok
        ? toast.success(t.checked(name))
        : toast.error(t.stillDown(name), { description: error ?? undefined }),
  });
  return (
    <Button
      size="small"
      busy={check.isPending}
      aria-label={`${t.mends.check}: ${name}`}
      onClick={() => check.mutate()}
    >
      {t.mends.check}
    </Button>
  );
}
