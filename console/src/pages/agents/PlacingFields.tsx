import type { Visibility } from "@/api/schema";
import { Field, Select } from "@/components/Fields";
import { TeamPicker } from "@/components/pickers";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { agentTexts } from "./texts";

const VISIBILITIES: Visibility[] = ["private", "team", "public"];
/** `visibility` is empty while nobody chose: then it is what is usual for the team, or for who asks. */
export type Placing = { team: string; visibility: Visibility | "" };
type Props = {
  placing: Placing;
  onChange: (placing: Placing) => void;
  field: (name: string) => string | undefined;
};

/** Whose it is, and who sees it. */
export function PlacingFields({ placing, onChange, field }: Props) {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  const usual = placing.visibility ? [] : [{ value: "", label: t.usual }];
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={common.team} required={false} error={field("team")}>
        {(wiring) => (
          <TeamPicker {...wiring} value={placing.team} onChange={(team) => onChange({ ...placing, team })} />
        )}
      </Field>
      <Field
        label={common.visibility}
        help={placing.visibility ? common.visibilityHelp[placing.visibility] : t.usualHelp}
        error={field("visibility")}
      >
        {(wiring) => (
          <Select
            {...wiring}
            value={placing.visibility}
            onChange={(event) => onChange({ ...placing, visibility: event.target.value as Visibility })}
            options={[
              ...usual,
              ...VISIBILITIES.map((value) => ({ value, label: common.visibilities[value] })),
            ]}
          />
        )}
      </Field>
    </div>
  );
}
