import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ClientConfigs } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button, buttonStyle } from "@/components/Button";
import { Checkbox } from "@/components/Fields";
import { Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { useUpstreamNames } from "@/pages/roots/useUpstreamNames";
import { texts } from "./texts";

const AFFECTED = [["upstreams"], ["tools"], ["prompts"], ["resources"], ["client-configs"]];

/** MCP servers that this machine's clients know, or others. */
export function TakeStep({ next }: { next: () => void }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const names = useUpstreamNames();
  return (
    <div className="space-y-4">
      {can("upstream.stdio") && <Found />}
      <Section title={t.others}>
        <div className="flex flex-wrap gap-2">
          <Sample />
          <RouteLink to="/upstreams/new" className={buttonStyle()}>
            {t.byUrl}
          </RouteLink>
          <RouteLink to="/registry" className={buttonStyle()}>
            {t.registry}
          </RouteLink>
        </div>
      </Section>
      <Section title={t.taken}>
        {names.size === 0 ? (
          <p className="text-muted">{t.noneYet}</p>
        ) : (
          <ul className="flex flex-wrap gap-2">
            {[...names].map(([id, name]) => (
              <li key={id}>
                <RouteLink to={`/upstreams/${id}`}>
                  <Badge>{name}</Badge>
                </RouteLink>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Button kind="primary" onClick={next} disabled={names.size === 0}>
        {t.next}
      </Button>
    </div>
  );
}

function Found() {
  const t = useTexts(texts);
  const query = useQuery({ queryKey: ["client-configs"], queryFn: () => ask(api.GET("/client-configs")) });
  return (
    <Section title={t.found} about={t.foundAbout}>
      {query.isLoading && <SkeletonLines lines={3} />}
      {query.data && !query.data.available && (
        <p className="text-muted">{query.data.reason ?? t.notAvailable}</p>
      )}
      {query.data?.available && <Files configs={query.data} />}
    </Section>
  );
}

function Files({ configs }: { configs: ClientConfigs }) {
  const t = useTexts(texts);
  const fresh = configs.files.flatMap((file) =>
    file.upstreams.filter((one) => !one.known).map((one) => keyOf(file.path, one.name)),
  );
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const chosen = fresh.filter((one) => !left.has(one));
  const take = useChange(
    () =>
      ask(
        api.POST("/client-configs/import", {
          body: { upstreams: chosen.map((one) => JSON.parse(one) as { path: string; name: string }) },
        }),
      ),
    {
      affects: AFFECTED,
      onDone: (made) => {
        for (const one of made.items)
          if (one.error) toast.warning(`${one.name}: ${t.problem}`, { description: one.error });
      },
    },
  );
  if (!configs.files.some((file) => file.upstreams.length + file.problems.length))
    return <p className="text-muted">{t.nothingFound}</p>;
  const toggle = (key: string, on: boolean) =>
    setLeft(new Set(on ? [...left].filter((one) => one !== key) : [...left, key]));
  return (
    <div className="space-y-4">
      {configs.files.map((file) => (
        <fieldset key={file.path}>
          <legend className="mb-1.5 font-medium">
            {file.title} <span className="font-mono text-xs font-normal text-muted">{file.path}</span>
          </legend>
          {file.problems.map((one) => (
            <p key={one} className="text-warn">
              {one}
            </p>
          ))}
          <ul className="space-y-1.5">
            {file.upstreams.map((one) => (
              <li key={one.name} className="flex flex-wrap items-center gap-x-3">
                <Checkbox
                  label={one.name}
                  disabled={one.known}
                  checked={one.known || !left.has(keyOf(file.path, one.name))}
                  onChange={(on) => toggle(keyOf(file.path, one.name), on)}
                />
                <span className="min-w-0 truncate font-mono text-xs text-muted">{one.address}</span>
                {one.known && <Badge>{t.known}</Badge>}
                {one.problems.map((problem) => (
                  <span key={problem} className="text-xs text-warn">
                    {problem}
                  </span>
                ))}
              </li>
            ))}
          </ul>
        </fieldset>
      ))}
      {chosen.length > 0 && (
        <Button kind="primary" onClick={() => take.mutate()} busy={take.isPending}>
          {t.takeIn(chosen.length)}
        </Button>
      )}
    </div>
  );
}

function keyOf(path: string, name: string): string {
  return JSON.stringify({ path, name });
}

/** The sample runs with the gateway's own Python. */
function Sample() {
  const t = useTexts(texts);
  const { can } = useSession();
  const names = useUpstreamNames();
  const add = useChange(
    () =>
      ask(
        api.POST("/upstreams", {
          body: { name: "time", command: "python", args: ["-m", "gatehouse.samples.time"] },
        }),
      ),
    { affects: AFFECTED },
  );
  if (!can("upstream.stdio") || [...names.values()].includes("time")) return null;
  return (
    <Button onClick={() => add.mutate()} busy={add.isPending} title={t.sampleAbout}>
      {t.sample}
    </Button>
  );
}
