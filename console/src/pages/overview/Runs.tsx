import type { ReactNode } from "react";
import type { UpstreamSummary } from "@/api/schema";
import { useServers } from "@/components/pickers";
import { RouteLink } from "@/components/RouteLink";
import { Skeleton } from "@/components/States";
import { type State, Status } from "@/components/Status";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { overviewTexts } from "./texts";

const ORDER: State[] = ["ok", "degraded", "sign_in", "down", "maintenance", "unknown", "off"];

/** What there is, counted, with its states as signs and numbers. */
export function Runs({ upstreams }: { upstreams: UpstreamSummary[] | undefined }) {
  const t = useTexts(overviewTexts);
  const { count } = useFormats();
  const servers = useServers();
  const mcp = upstreams?.filter((one) => one.kind === "mcp");
  const agents = upstreams?.filter((one) => one.kind === "a2a");
  const tools = upstreams?.reduce((sum, one) => sum + one.counts.tools, 0);
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line lg:grid-cols-4">
      <Fact to="/upstreams" name={t.upstreams} value={mcp && count(mcp.length)}>
        {mcp && <States upstreams={mcp} />}
      </Fact>
      <Fact to="/servers" name={t.servers} value={servers.data && count(servers.data.length)} />
      <Fact to="/tools" name={t.tools} value={tools === undefined ? undefined : count(tools)} />
      <Fact to="/agents" name={t.agents} value={agents && count(agents.length)}>
        {agents && <States upstreams={agents} />}
      </Fact>
    </dl>
  );
}

function Fact({
  to,
  name,
  value,
  children,
}: {
  to: string;
  name: string;
  value?: string;
  children?: ReactNode;
}) {
  return (
    <div className="bg-surface px-4 py-3">
      <dt className="text-xs text-muted">
        <RouteLink to={to} className="hover:text-ink hover:underline">
          {name}
        </RouteLink>
      </dt>
      <dd className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
        {value === undefined ? (
          <Skeleton className="my-1.5 h-5 w-10" />
        ) : (
          <span className="tabular text-xl font-semibold tracking-tight">{value}</span>
        )}
        {children}
      </dd>
    </div>
  );
}

function States({ upstreams }: { upstreams: UpstreamSummary[] }) {
  const states = upstreams.map((one): State => (one.enabled ? one.status : "off"));
  return ORDER.filter((state) => states.includes(state)).map((state) => (
    <span key={state} className="tabular inline-flex items-center gap-1 text-xs">
      <Status state={state} hideWord />
      {states.filter((one) => one === state).length}
    </span>
  ));
}
