import { useMemo, useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { ServerDetails } from "@/api/schema";
import { Button } from "@/components/Button";
import { Trouble } from "@/components/FormOverlay";
import { Section } from "@/components/Page";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { advertised } from "./picker/items";
import { Picker } from "./picker/Picker";
import { split } from "./picker/split";
import { useItems } from "./picker/useItems";
import { texts } from "./texts";

/** What the virtual server has, chosen anew; names that were given stay. */
export function Compose({ server }: { server: ServerDetails }) {
  const common = useCommonTexts();
  const before = useMemo(() => server.bindings.map((one) => one.capability), [server]);
  const given = useMemo(() => new Map(server.bindings.map((one) => [one.capability, one.name])), [server]);
  const [picked, setPicked] = useState(before);
  const { items } = useItems();
  const kinds = useMemo(
    () =>
      new Map(
        [...server.bindings.map((one) => ({ ...one, id: one.capability })), ...(items ?? [])].map((one) => [
          one.id,
          one,
        ]),
      ),
    [server, items],
  );
  const save = useChange(
    () =>
      ask(api.PATCH("/servers/{id}", { params: { path: { id: server.id } }, body: split(picked, kinds) })),
    { affects: [["servers"], ["tools"], ["prompts"], ["resources"]], done: common.saved, quiet: true },
  );
  return (
    <Section>
      {save.error && <Trouble error={save.error} />}
      <Picker picked={picked} onChange={setPicked} given={given} />
      <Changes
        before={before}
        picked={picked}
        given={given}
        reset={() => setPicked(before)}
        save={() => save.mutate()}
        busy={save.isPending}
      />
    </Section>
  );
}

type ChangesProps = {
  before: string[];
  picked: string[];
  given: ReadonlyMap<string, string>;
  reset: () => void;
  save: () => void;
  busy: boolean;
};

/** What would be another than it is now, before it is saved. */
function Changes({ before, picked, given, reset, save, busy }: ChangesProps) {
  const t = useTexts(texts);
  const { items } = useItems();
  const added = picked.filter((id) => !given.has(id));
  const removed = before.filter((id) => !picked.includes(id));
  const byId = new Map((items ?? []).map((one) => [one.id, one]));
  const names = advertised(
    picked.flatMap((id) => byId.get(id) ?? []),
    given,
  );
  const changed = added.length + removed.length > 0;
  return (
    <div className="sticky bottom-0 -mx-4 mt-4 -mb-4 flex flex-wrap items-center justify-between gap-3 rounded-b-lg border-t border-line bg-surface px-4 py-3">
      <div className="min-w-0 text-muted" role="status">
        {changed ? t.changes(added.length, removed.length) : t.noChanges}
        {changed && (
          <p className="max-w-prose truncate font-mono text-xs">
            {added.map((id) => (
              <span key={id} className="mr-2 text-ok">
                +{names.get(id)}
              </span>
            ))}
            {removed.map((id) => (
              <span key={id} className="mr-2 text-bad">
                −{given.get(id)}
              </span>
            ))}
          </p>
        )}
      </div>
      <div className="flex gap-2">
        {changed && <Button onClick={reset}>{t.reset}</Button>}
        <Button kind="primary" disabled={!changed} busy={busy} onClick={save}>
          {t.review}
        </Button>
      </div>
    </div>
  );
}
