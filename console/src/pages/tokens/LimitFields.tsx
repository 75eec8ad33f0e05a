import { Plus, Trash2 } from "lucide-react";
import { Button, IconButton } from "@/components/Button";
import { Checkbox, Field, Input, Select } from "@/components/Fields";
import { TagInput } from "@/components/TagInput";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";
import { DAYS, type TokenDraft } from "./tokenDraft";

const EXPIRIES = ["1d", "7d", "30d", "90d", "365d"];
export type LimitDraft = Pick<TokenDraft, "expires" | "addresses" | "rate" | "quota" | "windows">;
type Props = {
  draft: LimitDraft;
  set: (changes: Partial<LimitDraft>) => void;
  field: (name: string) => string | undefined;
  /** Said in the place of "no end", where the token has an end that stays. */
  keep?: string;
};

/** When, from where and how much. */
export function LimitFields({ draft, set, field, keep }: Props) {
  const t = useTexts(texts);
  const expiries = EXPIRIES.map((value) => ({ value, label: t.duration(value) }));
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label={t.expiry} error={field("expires_in")}>
          {(wiring) => (
            <Select
              {...wiring}
              value={draft.expires}
              onChange={(event) => set({ expires: event.target.value })}
              options={[{ value: "", label: keep ?? t.noExpiry }, ...expiries]}
            />
          )}
        </Field>
        <Field label={t.rate} help={t.rateHelp} required={false} error={field("rate_limit")}>
          {(wiring) => (
            <Input
              {...wiring}
              required={false}
              placeholder="60/m"
              value={draft.rate}
              onChange={(event) => set({ rate: event.target.value })}
            />
          )}
        </Field>
        <Field label={t.quota} required={false} error={field("daily_quota")}>
          {(wiring) => (
            <Input
              {...wiring}
              required={false}
              type="number"
              min={1}
              placeholder="1000"
              value={draft.quota}
              onChange={(event) => set({ quota: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label={t.addresses} help={t.addressesHelp} required={false} error={field("allowed_ips")}>
        {({ required: _, ...wiring }) => (
          <TagInput
            {...wiring}
            placeholder="10.0.0.0/8"
            values={draft.addresses}
            onChange={(addresses) => set({ addresses })}
          />
        )}
      </Field>
      <Windows draft={draft} set={set} error={field("windows")} />
    </div>
  );
}

function Windows({ draft, set, error }: { draft: LimitDraft; set: Props["set"]; error?: string }) {
  const t = useTexts(texts);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const add = () =>
    set({
      windows: [
        ...draft.windows,
        { days: ["mon", "tue", "wed", "thu", "fri"], start: "08:00", end: "18:00", timezone: zone },
      ],
    });
  const change = (at: number, changes: Partial<LimitDraft["windows"][number]>) =>
    set({ windows: draft.windows.map((one, index) => (index === at ? { ...one, ...changes } : one)) });
  return (
    <fieldset>
      <legend className="text-sm font-medium">{t.hours}</legend>
      <p className="mt-1 mb-2 text-xs text-muted">{t.hoursHelp}</p>
      {error && <p className="mb-2 text-xs font-medium text-bad">{error}</p>}
      <ul className="space-y-3">
        {draft.windows.map((one, at) => (
          <li key={at} className="space-y-2 rounded-md border border-line p-3">
            <div className="flex flex-wrap gap-x-4 gap-y-2">
              {DAYS.map((day) => (
                <Checkbox
                  key={day}
                  label={t.days[day]}
                  checked={one.days.includes(day)}
                  onChange={(on) =>
                    change(at, { days: DAYS.filter((each) => (each === day ? on : one.days.includes(each))) })
                  }
                />
              ))}
            </div>
            <div className="flex flex-wrap items-center gap-2">
              <Input
                aria-label={t.from}
                type="time"
                className="w-32"
                value={one.start}
                onChange={(event) => change(at, { start: event.target.value })}
              />
              <Input
                aria-label={t.until}
                type="time"
                className="w-32"
                value={one.end}
                onChange={(event) => change(at, { end: event.target.value })}
              />
              <Input
                aria-label={t.zone}
                className="w-44 flex-1"
                value={one.timezone}
                onChange={(event) => change(at, { timezone: event.target.value })}
              />
              <IconButton
                label={t.removeHours}
                onClick={() => set({ windows: draft.windows.filter((_, index) => index !== at) })}
              >
                <Trash2 aria-hidden />
              </IconButton>
            </div>
          </li>
        ))}
      </ul>
      <Button size="small" className="mt-2" onClick={add}>
        <Plus aria-hidden />
        {t.addHours}
      </Button>
    </fieldset>
  );
}
