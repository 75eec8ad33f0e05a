import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { WorkerView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Mono } from "@/components/Code";
import { Facts, Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useSettings } from "./SettingList";
import { texts } from "./texts";

const DATABASES: Record<string, string> = {
  sqlite: "SQLite",
  postgresql: "PostgreSQL",
  mysql: "MariaDB",
  mariadb: "MariaDB",
};

/** What runs, on what, and how its workers are. */
export function Gateway() {
  const t = useTexts(texts);
  const settings = useSettings();
  const status = useQuery({
    queryKey: ["status"],
    queryFn: () => ask(api.GET("/status")),
    refetchInterval: 10_000,
  });
  if (status.error) return <Failed error={status.error} retry={() => void status.refetch()} />;
  if (!status.data) return <SkeletonLines />;
  const { version, python, platform, database, workers } = status.data;
  return (
    <div className="space-y-4">
      <Section title={t.gateway}>
        <Facts
          items={[
            [t.version, version],
            [t.database, DATABASES[database] ?? database],
            [
              t.directory,
              <Mono key="directory" className="break-all">
                {settings.data?.data_directory ?? "–"}
              </Mono>,
            ],
            [t.file, settings.data?.file ? <Mono key="file">{settings.data.file}</Mono> : t.noFile],
            [t.python, python],
            [t.platform, platform],
          ]}
        />
      </Section>
      <Section title={t.workers}>
        <div className="grid gap-6 sm:grid-cols-2 xl:grid-cols-3">
          {workers.map((one) => (
            <Worker key={one.id} worker={one} />
          ))}
        </div>
      </Section>
    </div>
  );
}

function Worker({ worker }: { worker: WorkerView }) {
  const t = useTexts(texts);
  const formats = useFormats();
  return (
    <div className="min-w-0">
      <h3 className="mb-2 flex items-center gap-2 font-medium">
        {t.worker(worker.pid)}
        {worker.answering && <Badge>{t.thisOne}</Badge>}
      </h3>
      <Facts
        items={[
          [t.started, <Time key="started" at={worker.started_at} />],
          [t.memory, worker.memory_bytes === null ? "–" : formats.bytes(worker.memory_bytes)],
          [t.lag, formats.milliseconds(worker.loop_lag_ms)],
          [t.sessions, formats.number(worker.sessions)],
          [t.streams, formats.number(worker.streams)],
          [t.waiting, formats.number(worker.calls_waiting)],
        ]}
      />
    </div>
  );
}
