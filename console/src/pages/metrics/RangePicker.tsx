import { CalendarRange } from "lucide-react";
import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Fields";
import { Segments } from "@/components/Tabs";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { useUrl } from "@/lib/urlState";
import { localField, RANGES, rangeOf, USUAL } from "./range";
import { metricTexts } from "./texts";

type Props = { ranges?: readonly (typeof RANGES)[number][]; own?: boolean; usual?: string };

/** Which stretch of time is shown: one of the usual ones, or one's own where `own` is offered. It stands in the address. */
export function RangePicker({ ranges = RANGES, own = false, usual = USUAL }: Props) {
  const t = useTexts(metricTexts);
  const [url, change] = useUrl();
  const { since, until } = rangeOf(url, usual);
  const chosen = until ? "" : since;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segments
        label={t.range}
        value={chosen}
        onChange={(value) => change({ since: value === usual ? undefined : value, until: undefined })}
        options={ranges.map((value) => ({ value, label: t.ranges[value] }))}
      />
      {own && <OwnRange since={since} until={until} chosen={!ranges.some((one) => one === chosen)} />}
    </div>
  );
}

function OwnRange({ since, until, chosen }: { since: string; until?: string; chosen: boolean }) {
  const t = useTexts(metricTexts);
  const [open, setOpen] = useState(false);
  const { exact } = useFormats();
  const moment = (text: string) => (Number.isNaN(Date.parse(text)) ? text : exact(text));
  const words = chosen
    ? [since, until]
        .filter(Boolean)
        .map((one) => moment(one ?? ""))
        .join(" – ")
    : t.ownRange;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button className={chosen ? "border-accent" : undefined}>
          <CalendarRange aria-hidden />
          {words}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label={t.ownRange}
          className="z-50 w-72 rounded-lg border border-line bg-surface p-4 shadow-float"
        >
          <OwnRangeForm since={since} until={until} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function OwnRangeForm({ since, until, onDone }: { since: string; until?: string; onDone: () => void }) {
  const t = useTexts(metricTexts);
  const [, change] = useUrl();
  const [from, setFrom] = useState(() => localField(since));
  const [to, setTo] = useState(() => localField(until));
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Date.parse(from) >= (to ? Date.parse(to) : Date.now())) {
      setWrong(true);
      return;
    }
    const iso = (text: string) => (text ? new Date(text).toISOString() : undefined);
    change({ since: iso(from), until: iso(to) });
    onDone();
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <Field label={t.from} error={wrong ? t.wrongRange : undefined}>
        {(wiring) => (
          <Input
            {...wiring}
            type="datetime-local"
            required
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        )}
      </Field>
      <Field label={t.to} help={t.toHelp}>
        {(wiring) => (
          <Input
            {...wiring}
            type="datetime-local"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" className="w-full">
        {t.take}
      </Button>
    </form>
  );
}
