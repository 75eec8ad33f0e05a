import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ServerDetails } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/Copy";
import { Field, Input, Select } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts as tokenTexts } from "@/pages/tokens/texts";
import { texts } from "../texts";
import type { Known } from "./links";

const EXPIRIES = ["7d", "30d", "90d", "365d"];
type Props = { server: ServerDetails; client: string; token: Known | null; onToken: (token: Known) => void };

/** A token that opens this virtual server and nothing else. */
export function MakeToken({ server, client, token, onToken }: Props) {
  const t = useTexts(texts);
  const words = useTexts(tokenTexts);
  const common = useCommonTexts();
  const { can } = useSession();
  const [name, setName] = useState("");
  const [expires, setExpires] = useState("90d");
  const usual = `${server.slug}-${client}`;
  const make = useChange(
    () =>
      ask(
        api.POST("/tokens", {
          body: { name: name.trim() || usual, servers: [server.id], expires_in: expires || null },
        }),
      ),
    { affects: [["tokens"]], quiet: true, onDone: (made) => onToken({ name: made.name, token: made.token }) },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  if (token) {
    return (
      <Note
        tone="ok"
        title={t.tokenMade(token.name)}
        action={<CopyButton text={token.token} label={common.copy} words={common.copy} />}
      />
    );
  }
  if (!can("token.write")) return null;
  return (
    <form onSubmit={submit} className="space-y-3">
      <p className="text-muted">{t.tokenWords}</p>
      {make.error && <Trouble error={make.error} />}
      <Field label={t.tokenName} required={false}>
        {(wiring) => (
          <Input
            {...wiring}
            required={false}
            placeholder={usual}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.expiry}>
        {(wiring) => (
          <Select
            {...wiring}
            value={expires}
            onChange={(event) => setExpires(event.target.value)}
            options={[
              ...EXPIRIES.map((value) => ({ value, label: words.duration(value) })),
              { value: "", label: words.noExpiry },
            ]}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" className="w-full" busy={make.isPending}>
        {t.makeToken}
      </Button>
    </form>
  );
}
