import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { UpstreamSummary } from "@/api/schema";
import { Menu } from "@/components/Menu";
import { useRemoval } from "@/components/Removal";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { MaintenanceForm } from "./MaintenanceForm";
import { texts } from "./texts";

const AFFECTED = [["upstreams"], ["tools"], ["prompts"], ["resources"], ["events"]];

/** What can be done with an MCP server, wherever it is shown. */
export function UpstreamMenu({ upstream, leave }: { upstream: UpstreamSummary; leave?: boolean }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const navigate = useNavigate();
  const { remove } = useRemoval();
  const [pausing, setPausing] = useState(false);
  const { refresh, check, change } = useUpstreamActions(upstream);
  const paused = upstream.status === "maintenance";
  const discard = () => {
    remove({
      id: upstream.id,
      words: common.deleted(upstream.name),
      run: () => ask(api.DELETE("/upstreams/{id}", { params: { path: { id: upstream.id } } })),
      affects: AFFECTED,
    });
    if (leave) void navigate({ to: "/upstreams" as never });
  };
  return (
    <>
      <Menu
        label={`${common.actions}: ${upstream.name}`}
        items={[
          { label: t.refresh, onSelect: () => refresh.mutate(), disabled: !upstream.enabled },
          { label: t.check, onSelect: () => check.mutate(), disabled: !upstream.enabled },
          "line",
          {
            label: upstream.enabled ? t.switchOff : t.switchOn,
            onSelect: () => change.mutate({ enabled: !upstream.enabled }),
          },
          paused
            ? { label: t.endMaintenance, onSelect: () => change.mutate({ maintenance: null }) }
            : { label: t.maintenance, onSelect: () => setPausing(true) },
          "line",
          { label: common.delete, danger: true, onSelect: discard },
        ]}
      />
      <MaintenanceForm upstream={upstream} open={pausing} onClose={() => setPausing(false)} />
    </>
  );
}

type Changes = { enabled?: boolean; maintenance?: string | null; maintenance_note?: string | null };

export function useUpstreamActions(upstream: Pick<UpstreamSummary, "id" | "name">) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const formats = useFormats();
  const path = { params: { path: { id: upstream.id } } };
  const refresh = useChange(() => ask(api.POST("/upstreams/{id}/refresh", path)), {
    affects: AFFECTED,
    done: t.refreshed,
  });
  const check = useChange(() => ask(api.POST("/upstreams/{id}/check", path)), {
    affects: [["upstreams"]],
    onDone: (report) => {
      if (report.ok) toast.success(t.checked(formats.milliseconds(report.milliseconds)));
      else toast.error(t.checkFailed, { description: report.error ?? undefined });
    },
  });
  const change = useChange((body: Changes) => ask(api.PATCH("/upstreams/{id}", { ...path, body })), {
    affects: AFFECTED,
    done: common.saved,
  });
  return { refresh, check, change };
}
