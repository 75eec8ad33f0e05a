import { CircleCheck, CircleX } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ProviderReport, ProviderSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button, buttonStyle } from "@/components/Button";
import { CopyButton } from "@/components/Copy";
import { Menu } from "@/components/Menu";
import { Facts, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { ProviderForm } from "./ProviderForm";
import { texts } from "./texts";

export function ProviderCard({ provider }: { provider: ProviderSummary }) {
  const t = useTexts(texts);
  const title = (
    <span className="flex items-center gap-2">
      {provider.name}
      <Badge tone={provider.enabled ? "ok" : "plain"}>{provider.enabled ? t.on : t.off}</Badge>
    </span>
  );
  const uses = provider.use_for.map((one) => t.uses[one as keyof typeof t.uses] ?? one).join(", ");
  return (
    <Section
      title={title}
      about={t.presets[provider.preset as keyof typeof t.presets] ?? provider.preset}
      actions={<ProviderMenu provider={provider} />}
    >
      <Facts
        items={[
          [
            t.issuerShown,
            <span key="issuer" className="break-all">
              {provider.issuer}
            </span>,
          ],
          [t.clientId, <ClientId key="id" provider={provider} />],
          [t.usedFor, uses],
          [t.redirect, <Redirect key="redirect" address={provider.redirect_uri} />],
          ...(provider.allowed_domains.length
            ? ([[t.domains, provider.allowed_domains.join(", ")]] as [string, string][])
            : []),
          ...(provider.mappings.length
            ? ([[t.mappings, String(provider.mappings.length)]] as [string, string][])
            : []),
        ]}
      />
      <Trial provider={provider} />
    </Section>
  );
}

function ClientId({ provider }: { provider: ProviderSummary }) {
  const t = useTexts(texts);
  return (
    <span className="flex flex-wrap items-center gap-2">
      <span className="break-all">{provider.client_id ?? "–"}</span>
      <Badge tone={provider.client_secret_set ? "plain" : "warn"}>
        {provider.client_secret_set ? t.secretSet : t.secretMissing}
      </Badge>
    </span>
  );
}

function Redirect({ address }: { address: string }) {
  const common = useCommonTexts();
  const t = useTexts(texts);
  return (
    <span className="block">
      <span className="flex items-center gap-1">
        <span className="min-w-0 break-all">{address}</span>
        <CopyButton text={address} label={common.copy} />
      </span>
      <span className="text-xs text-muted">{t.redirectHelp}</span>
    </span>
  );
}

/** What can be seen of it from here, and then a real sign-in. */
function Trial({ provider }: { provider: ProviderSummary }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const [report, setReport] = useState<ProviderReport | null>(null);
  const test = useChange(
    () => ask(api.POST("/providers/{id}/test", { params: { path: { id: provider.id } } })),
    {
      onDone: setReport,
    },
  );
  const signsIn = provider.enabled && provider.use_for.includes("sign_in");
  return (
    <div className="mt-4 space-y-3">
      <div className="flex flex-wrap gap-2">
        {can("provider.write") && (
          <Button onClick={() => test.mutate()} busy={test.isPending}>
            {test.isPending ? t.testing : t.test}
          </Button>
        )}
        {signsIn && (
          <a
            className={buttonStyle()}
            href={`${provider.start}?next=${encodeURIComponent(location.pathname)}`}
          >
            {t.trySignIn}
          </a>
        )}
      </div>
      {report && <Report report={report} />}
    </div>
  );
}

function Report({ report }: { report: ProviderReport }) {
  const t = useTexts(texts);
  return (
    <div role="status" className="rounded-md border border-line p-3">
      <p className={cn("mb-2 font-medium", report.passed ? "text-ok" : "text-bad")}>
        {report.passed ? t.good : t.bad}
      </p>
      <ul className="space-y-1.5">
        {report.stages.map((one) => {
          const Sign = one.passed ? CircleCheck : CircleX;
          return (
            <li key={one.name} className="flex gap-2">
              <Sign
                className={cn("mt-0.5 size-4 shrink-0", one.passed ? "text-ok" : "text-bad")}
                role="img"
                aria-label={one.passed ? t.passed : t.failed}
              />
              <span className="min-w-0">
                <span className="font-medium">{one.name}</span>{" "}
                <span className="break-words text-muted">{one.words}</span>
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function ProviderMenu({ provider }: { provider: ProviderSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const { remove } = useRemoval();
  const [changing, setChanging] = useState(false);
  const path = { params: { path: { id: provider.id } } };
  const toggle = useChange(
    () => ask(api.PATCH("/providers/{id}", { ...path, body: { enabled: !provider.enabled } })),
    {
      affects: [["providers"]],
      done: common.saved,
    },
  );
  if (!can("provider.write")) return null;
  const discard = () =>
    remove({
      id: provider.id,
      words: common.deleted(provider.name),
      run: () => ask(api.DELETE("/providers/{id}", path)),
      affects: [["providers"]],
    });
  return (
    <>
      <Menu
        label={`${common.actions}: ${provider.name}`}
        items={[
          { label: t.change, onSelect: () => setChanging(true) },
          { label: provider.enabled ? t.switchOff : t.switchOn, onSelect: () => toggle.mutate() },
          "line",
          { label: common.delete, danger: true, onSelect: discard },
        ]}
      />
      <ProviderForm
        key={provider.updated_at}
        provider={provider}
        open={changing}
        onClose={() => setChanging(false)}
      />
    </>
  );
}
