import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { ClientConfig, ServerDetails } from "@/api/schema";
import { buttonStyle } from "@/components/Button";
import { Code, Mono } from "@/components/Code";
import { CopyButton } from "@/components/Copy";
import { Facts, Section } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { Segments } from "@/components/Tabs";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { texts } from "../texts";
import { deepLink, type Known, withToken } from "./links";
import { MakeToken } from "./MakeToken";

type Client = keyof typeof texts.en.clients;
type Transport = keyof typeof texts.en.transports;

/** For each client what it needs, ready to paste, with a token made on the spot. */
export function Connect({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const [client, setClient] = useUrlState("client", "claude-code");
  const [transport, setTransport] = useUrlState("transport", "http");
  const [token, setToken] = useState<Known | null>(null);
  const config = useQuery({
    queryKey: ["servers", server.id, "config", client, transport],
    queryFn: () =>
      ask(
        api.GET("/servers/{id}/config", {
          params: {
            path: { id: server.id },
            query: { client: client as Client, transport: transport as Transport },
          },
        }),
      ),
  });
  const told = (words: Record<string, string>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <Section>
        <div className="space-y-4">
          <div className="flex flex-wrap gap-3">
            <Segments label={t.client} value={client} onChange={setClient} options={told(t.clients)} />
            <Segments
              label={t.transport}
              value={transport}
              onChange={setTransport}
              options={told(t.transports)}
            />
          </div>
          {config.error && <Failed error={config.error} retry={() => void config.refetch()} />}
          {!config.data && !config.error && <SkeletonLines lines={6} />}
          {config.data && <Recipe config={config.data} token={token} server={server} />}
        </div>
      </Section>
      <div className="space-y-4">
        <Section title={t.tokenTitle}>
          {server.access === "anonymous" ? (
            <p className="text-muted">{t.noToken}</p>
          ) : (
            <MakeToken server={server} client={client} token={token} onToken={setToken} />
          )}
        </Section>
        <Addresses server={server} />
      </div>
    </div>
  );
}

function Recipe({
  config,
  token,
  server,
}: {
  config: ClientConfig;
  token: Known | null;
  server: ServerDetails;
}) {
  const t = useTexts(texts);
  const link = deepLink(config, token, server.slug);
  const name = t.clients[config.client as Client] ?? config.client;
  return (
    <div className="space-y-4">
      {link && (
        <div className="flex flex-wrap items-center gap-3">
          <a href={link} className={buttonStyle({ kind: "primary" })}>
            {t.oneClick(name)}
          </a>
          <span className="text-xs text-muted">{t.oneClickHelp}</span>
        </div>
      )}
      {[config, ...config.also].map((one) => (
        <div key={`${one.client} ${one.transport} ${one.file_hint}`}>
          <Code
            text={withToken(one.text, token)}
            title={one.file_hint}
            label={t.paste}
            json={one.language === "json"}
            wrap={one.language === "shell"}
          />
          {!token && one.notes.length > 0 && (
            <ul className="mt-2 space-y-1 text-xs text-muted">
              {one.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </div>
  );
}

function Addresses({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const shown = (url: string) => (
    <span className="flex items-center gap-1">
      <Mono className="min-w-0 break-all">{url}</Mono>
      <CopyButton text={url} label={common.copy} />
    </span>
  );
  return (
    <Section title={t.addresses}>
      <Facts
        className="grid-cols-1 gap-y-1"
        items={[
          [t.transports.http, shown(server.url)],
          [t.transports.sse, shown(server.sse_url)],
        ]}
      />
    </Section>
  );
}
