import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { TokenMade, TokenSummary } from "@/api/schema";
import { Field, Input, Select } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { Confirm } from "@/components/Overlay";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { type LimitDraft, LimitFields } from "./LimitFields";
import { TokenShown } from "./TokenShown";
import { texts } from "./texts";

type Props = { token: TokenSummary; open: boolean; onClose: () => void };
const OVERLAPS = ["1h", "24h", "7d"];

export function ChangeToken({ token, open, onClose }: Props) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [name, setName] = useState(token.name);
  const [draft, setDraft] = useState<LimitDraft>(() => limitsOf(token));
  const save = useChange(
    () =>
      ask(
        api.PATCH("/tokens/{id}", {
          params: { path: { id: token.id } },
          body: {
            name,
            allowed_ips: draft.addresses,
            windows: draft.windows,
            rate_limit: draft.rate.trim() || null,
            daily_quota: draft.quota ? Number(draft.quota) : null,
            ...(draft.expires ? { expires_in: draft.expires } : {}),
          },
        }),
      ),
    { affects: [["tokens"]], done: common.saved, quiet: true },
  );
  return (
    <FormOverlay
      kind="sheet"
      open={open}
      onClose={onClose}
      title={t.change}
      action={common.save}
      onSubmit={() => save.mutateAsync()}
    >
      {(field) => (
        <>
          <Field label={t.name} error={field("name")}>
            {(wiring) => (
              <Input {...wiring} required value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
          <LimitFields
            draft={draft}
            set={(changes) => setDraft({ ...draft, ...changes })}
            field={field}
            keep="–"
          />
        </>
      )}
    </FormOverlay>
  );
}

function limitsOf(token: TokenSummary): LimitDraft {
  return {
    expires: "",
    addresses: token.allowed_ips,
    rate: token.rate_limit ?? "",
    quota: token.daily_quota === null ? "" : String(token.daily_quota),
    windows: token.windows.map((one) => ({
      days: [],
      start: "00:00",
      end: "00:00",
      timezone: "UTC",
      ...one,
    })),
  };
}

export function RotateToken({ token, open, onClose }: Props) {
  const t = useTexts(texts);
  const [overlap, setOverlap] = useState("24h");
  const [made, setMade] = useState<TokenMade | null>(null);
  const rotate = useChange(
    () =>
      ask(
        api.POST("/tokens/{id}/rotate", {
          params: { path: { id: token.id } },
          body: { overlap: overlap || null },
        }),
      ),
    { affects: [["tokens"]], quiet: true, onDone: setMade },
  );
  return (
    <>
      <FormOverlay
        open={open}
        onClose={onClose}
        title={t.rotate}
        about={t.rotateAbout}
        action={t.rotate}
        onSubmit={() => rotate.mutateAsync()}
      >
        <Field label={t.overlap}>
          {(wiring) => (
            <Select
              {...wiring}
              value={overlap}
              onChange={(event) => setOverlap(event.target.value)}
              options={[
                ...OVERLAPS.map((value) => ({ value, label: value })),
                { value: "", label: t.noOverlap },
              ]}
            />
          )}
        </Field>
      </FormOverlay>
      <TokenShown made={made} onClose={() => setMade(null)} />
    </>
  );
}

export function RevokeToken({ token, open, onClose }: Props) {
  const t = useTexts(texts);
  const revoke = useChange(() => ask(api.DELETE("/tokens/{id}", { params: { path: { id: token.id } } })), {
    affects: [["tokens"]],
    done: t.revoked,
    onDone: onClose,
  });
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title={t.revokeTitle(token.name)}
      action={t.revoke}
      onConfirm={() => revoke.mutate()}
      busy={revoke.isPending}
    >
      {t.revokeWords}
    </Confirm>
  );
}
