import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { HealthView, UpstreamDetails } from "@/api/schema";
import { Facts, Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Status } from "@/components/Status";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** How it is, since when, why, and how it was before. */
export function Health({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const query = useQuery({
    queryKey: ["upstreams", upstream.id, "health"],
    queryFn: () =>
      ask(
        api.GET("/upstreams/{id}/health", { params: { path: { id: upstream.id }, query: { limit: 100 } } }),
      ),
    refetchInterval: 10_000,
  });
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonLines />;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={t.state}>
        <Now health={query.data} />
      </Section>
      <Section title={t.history}>
        <History health={query.data} />
      </Section>
    </div>
  );
}

function Now({ health }: { health: HealthView }) {
  const t = useTexts(texts);
  const formats = useFormats();
  const probe = health.last_probe;
  const calls = (one: HealthView["hour"]) =>
    one ? t.callsFailed(formats.count(one.calls), formats.count(one.calls - one.ok)) : "–";
  return (
    <Facts
      items={[
        [t.state, <Status key="state" state={health.status} />],
        [t.since, <Time key="since" at={health.since} />],
        ...(health.reason ? ([["", health.reason]] as [string, string][]) : []),
        [
          t.lastProbe,
          probe ? (
            <span key="probe">
              {probe.ok
                ? t.answered(formats.milliseconds(probe.milliseconds))
                : t.failedWith(probe.error ?? "")}{" "}
              · <Time at={probe.at} />
            </span>
          ) : (
            "–"
          ),
        ],
        [t.hour, calls(health.hour)],
        [t.day, calls(health.day)],
        [t.week, calls(health.week)],
      ]}
    />
  );
}

function History({ health }: { health: HealthView }) {
  const t = useTexts(texts);
  if (!health.history.length) return <p className="text-muted">{t.noHistory}</p>;
  return (
    <ol className="divide-y divide-line">
      {health.history.map((one) => (
        <li key={one.at + one.after} className="py-2.5 first:pt-0 last:pb-0">
          <p className="flex flex-wrap items-center justify-between gap-2">
            <Status state={one.after} />
            <span className="text-xs text-muted">
              <Time at={one.at} /> {t.byCause(t.causes[one.cause])}
            </span>
          </p>
          {one.reason && <p className="mt-1 break-words text-muted">{one.reason}</p>}
        </li>
      ))}
    </ol>
  );
}
