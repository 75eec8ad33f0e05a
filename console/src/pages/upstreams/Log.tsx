import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { UpstreamDetails } from "@/api/schema";
import { Code } from "@/components/Code";
import { Switch } from "@/components/Fields";
import { Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

const AGAIN = 2_000;

/** What a command wrote to its standard error. */
export function Log({ upstream }: { upstream: UpstreamDetails }) {
  const t = useTexts(texts);
  const [following, setFollowing] = useState(true);
  const query = useQuery({
    queryKey: ["upstreams", upstream.id, "log"],
    queryFn: () => ask(api.GET("/upstreams/{id}/log", { params: { path: { id: upstream.id } } })),
    refetchInterval: following ? AGAIN : false,
  });
  const lines = query.data?.lines ?? [];
  return (
    <Section
      title={t.log}
      about={t.logHelp}
      actions={<Switch label={t.follow} checked={following} onChange={setFollowing} />}
    >
      {query.error && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.isLoading && <SkeletonLines />}
      {query.data && !lines.length && <p className="text-muted">{t.logEmpty}</p>}
      {lines.length > 0 && <Code text={lines.join("\n")} title={upstream.name} wrap />}
    </Section>
  );
}
