import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import type { CapabilityView } from "@/api/schema";
import { Field, Select } from "@/components/Fields";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { ownTexts } from "./texts";

export type Place = { visibility: CapabilityView["visibility"]; team: string };
export const NEW_PLACE: Place = { visibility: "private", team: "" };

/** Who sees it, and which team it is of. */
export function PlaceFields({ value, onChange }: { value: Place; onChange: (value: Place) => void }) {
  const texts = useTexts(ownTexts);
  const common = useCommonTexts();
  const teams = useQuery({
    queryKey: ["teams", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/teams", { params: { query: { cursor, limit: 500 } } }))),
    retry: false,
  });
  const kinds = ["private", "team", "public"] as const;
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={texts.visibility} help={common.visibilityHelp[value.visibility]}>
        {(wiring) => (
          <Select
            {...wiring}
            value={value.visibility}
            onChange={(event) =>
              onChange({ ...value, visibility: event.target.value as Place["visibility"] })
            }
            options={kinds.map((one) => ({ value: one, label: common.visibilities[one] }))}
          />
        )}
      </Field>
      {(value.visibility === "team" || value.team !== "") && (
        <Field label={texts.team}>
          {(wiring) => (
            <Select
              {...wiring}
              value={value.team}
              onChange={(event) => onChange({ ...value, team: event.target.value })}
              options={[
                { value: "", label: texts.noTeam },
                ...(teams.data ?? []).map((one) => ({ value: one.id, label: one.name })),
              ]}
            />
          )}
        </Field>
      )}
    </div>
  );
}
