import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { Explanation } from "@/api/schema";
import { useSession } from "@/app/session";
import { Combobox, type Item } from "@/components/Combobox";
import { Field, Input } from "@/components/Fields";
import { Page, Section } from "@/components/Page";
import { useServers, useUsers } from "@/components/pickers";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { ToolChoice } from "./ToolChoice";
import { texts } from "./texts";

/** "Why can't she see this tool?": the same questions that the gateway asks itself, with its answers. */
export default function ExplainPage() {
  const t = useTexts(texts);
  const [url, change] = useUrl();
  return (
    <Page title={t.title} about={t.about}>
      <div className="grid items-start gap-4 lg:grid-cols-[22rem_minmax(0,1fr)]">
        <Section title={t.question}>
          <div className="space-y-4">
            <Field label={t.who} help={t.whoHelp}>
              {(wiring) => (
                <PrincipalChoice
                  {...wiring}
                  value={url.principal ?? ""}
                  onChange={(principal) => change({ principal })}
                />
              )}
            </Field>
            <Field label={t.where} help={t.whereHelp}>
              {(wiring) => (
                <ServerChoice
                  {...wiring}
                  value={url.server ?? ""}
                  onChange={(server) => change({ server, tool: undefined })}
                />
              )}
            </Field>
            <Field label={t.tool} required={false}>
              {(wiring) => (
                <ToolChoice
                  {...wiring}
                  server={url.server ?? ""}
                  value={url.tool ?? ""}
                  onChange={(tool) => change({ tool })}
                />
              )}
            </Field>
            <Field label={t.from} help={t.fromHelp} required={false}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required={false}
                  key={url.address}
                  placeholder="10.1.2.3"
                  defaultValue={url.address ?? ""}
                  onBlur={(event) => change({ address: event.target.value.trim() })}
                  onKeyDown={(event) =>
                    event.key === "Enter" && change({ address: event.currentTarget.value.trim() })
                  }
                />
              )}
            </Field>
          </div>
        </Section>
        <Answer />
      </div>
    </Page>
  );
}

function Answer() {
  const t = useTexts(texts);
  const [url] = useUrl();
  const query = { principal: url.principal, server: url.server, tool: url.tool, address: url.address };
  const asked = Object.values(query).some(Boolean);
  const answer = useQuery({
    queryKey: ["explain", query],
    queryFn: () => ask(api.GET("/explain", { params: { query } })),
    enabled: asked,
  });
  return (
    <Section title={t.answer}>
      {!asked && <Empty sign={CircleHelp} title={t.nothingAsked} className="py-8" />}
      {asked && answer.isLoading && <SkeletonLines lines={6} />}
      {answer.error && <Failed error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && <Trace explanation={answer.data} />}
    </Section>
  );
}

function Trace({ explanation }: { explanation: Explanation }) {
  const t = useTexts(texts);
  const Sign = explanation.allowed ? CircleCheck : CircleX;
  return (
    <div>
      <p
        className={cn(
          "flex items-center gap-2 text-base font-semibold",
          explanation.allowed ? "text-ok" : "text-bad",
        )}
      >
        <Sign className="size-5" aria-hidden />
        {explanation.allowed ? t.allowed(explanation.principal.name) : t.refused(explanation.principal.name)}
      </p>
      {!explanation.allowed && <p className="mt-1 text-muted">{explanation.reason}</p>}
      <ol className="mt-4 border-l border-line">
        {explanation.steps.map((step, at) => (
          <Step key={at} step={step} />
        ))}
      </ol>
    </div>
  );
}

function Step({ step }: { step: Explanation["steps"][number] }) {
  const t = useTexts(texts);
  const Sign = step.passed ? CircleCheck : CircleX;
  return (
    <li className="relative pb-4 pl-6 last:pb-0">
      <span className="absolute top-0.5 -left-2 bg-surface">
        <Sign
          className={cn("size-4", step.passed ? "text-ok" : "text-bad")}
          role="img"
          aria-label={step.passed ? t.passed : t.failed}
        />
      </span>
      <p className="font-medium">{t.abouts[step.about as keyof typeof t.abouts] ?? step.about}</p>
      <p className={cn("text-pretty", step.passed ? "text-muted" : "text-ink")}>{step.words}</p>
    </li>
  );
}

type ChoiceProps = {
  value: string;
  onChange: (value: string) => void;
  id?: string;
  "aria-describedby"?: string;
  required?: boolean;
};

/** People by their addresses, tokens by their ids; nobody chosen means the caller. */
function PrincipalChoice({ value, onChange, required: _, ...wiring }: ChoiceProps) {
  const t = useTexts(texts);
  const { can } = useSession();
  const users = useUsers(can("user.read")).data ?? [];
  const tokens = useList(
    ["tokens", "explain"],
    (cursor) => ask(api.GET("/tokens", { params: { query: { cursor, limit: 500 } } })),
    {
      enabled: can("token.read"),
    },
  ).items;
  const items: Item[] = [
    ...users.map((one) => ({ value: one.email, label: one.name, about: one.email })),
    ...tokens.map((one) => ({ value: one.id, label: one.name, about: t.token(one.hint) })),
  ];
  return (
    <Combobox
      items={items}
      label={t.who}
      placeholder={t.yourself}
      chosen={value ? [value] : []}
      onChange={([one]) => onChange(one ?? "")}
      {...wiring}
    />
  );
}

function ServerChoice({ value, onChange, required: _, ...wiring }: ChoiceProps) {
  const t = useTexts(texts);
  const items = (useServers().data ?? []).map((one) => ({
    value: one.slug,
    label: one.name,
    about: one.slug,
  }));
  return (
    <Combobox
      items={items}
      label={t.where}
      placeholder={t.everywhere}
      chosen={value ? [value] : []}
      onChange={([one]) => onChange(one ?? "")}
      {...wiring}
    />
  );
}
