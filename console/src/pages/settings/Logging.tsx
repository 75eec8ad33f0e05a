import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Field, Input, Select } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

const LEVELS = ["debug", "info", "warning", "error"];
const DURATIONS = ["15m", "1h", "8h", "24h", "7d"];

/** How much is logged: usually, and what was asked for, for a while. */
export function Logging() {
  const t = useTexts(texts);
  const { can } = useSession();
  const query = useQuery({ queryKey: ["logs", "levels"], queryFn: () => ask(api.GET("/logs/levels")) });
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonLines />;
  const { levels, until, usual } = query.data;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={t.now}>
        {until ? (
          <>
            <Levels levels={levels} />
            <p className="mt-3 text-muted">
              {t.until}: <Time at={until} />
            </p>
            {can("log.write") && <BackButton />}
          </>
        ) : (
          <p className="text-muted">{t.nothingAsked}</p>
        )}
        <h3 className="mt-5 mb-2 text-xs font-medium text-muted">{t.usual}</h3>
        <Levels levels={usual} />
      </Section>
      {can("log.write") && <AskForm known={levels} />}
    </div>
  );
}

function Levels({ levels }: { levels: Record<string, string> }) {
  return (
    <ul className="space-y-1.5">
      {Object.entries(levels).map(([logger, level]) => (
        <li key={logger} className="flex items-center gap-3">
          <Mono className="min-w-0 flex-1 truncate">{logger}</Mono>
          <Badge tone={level === "debug" ? "warn" : "plain"}>{level}</Badge>
        </li>
      ))}
    </ul>
  );
}

function useLevels() {
  const common = useCommonTexts();
  return useChange(
    (wanted: { levels: Record<string, string>; for?: string }) =>
      ask(api.PUT("/logs/levels", { body: wanted })),
    { affects: [["logs"]], done: common.saved, quiet: true },
  );
}

function BackButton() {
  const t = useTexts(texts);
  const change = useLevels();
  return (
    <Button className="mt-3" onClick={() => change.mutate({ levels: {} })} busy={change.isPending}>
      {t.back}
    </Button>
  );
}

function AskForm({ known }: { known: Record<string, string> }) {
  const t = useTexts(texts);
  const [logger, setLogger] = useState("*");
  const [level, setLevel] = useState("debug");
  const [duration, setDuration] = useState("1h");
  const change = useLevels();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ levels: { ...known, [logger.trim()]: level }, for: duration });
  };
  return (
    <Section title={t.ask} about={t.askAbout}>
      <form onSubmit={submit} className="space-y-4">
        {change.error && <Trouble error={change.error} />}
        <Field label={t.logger} help={t.loggerHelp}>
          {(wiring) => (
            <Input
              {...wiring}
              required
              className="font-mono"
              value={logger}
              onChange={(event) => setLogger(event.target.value)}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-4">
          <Field label={t.level}>
            {(wiring) => (
              <Select
                {...wiring}
                value={level}
                onChange={(event) => setLevel(event.target.value)}
                options={LEVELS.map((value) => ({ value, label: value }))}
              />
            )}
          </Field>
          <Field label={t.forHowLong}>
            {(wiring) => (
              <Select
                {...wiring}
                value={duration}
                onChange={(event) => setDuration(event.target.value)}
                options={DURATIONS.map((value) => ({ value, label: value }))}
              />
            )}
          </Field>
        </div>
        <Button type="submit" kind="primary" busy={change.isPending}>
          {t.ask}
        </Button>
      </form>
    </Section>
  );
}
