import { Plus, Trash2 } from "lucide-react";
import type { Mapping } from "@/api/schema";
import { Button, IconButton } from "@/components/Button";
import { Input } from "@/components/Fields";
import { RolePicker, TeamPicker } from "@/components/pickers";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** Which groups of the provider become which teams and roles. */
export function Mappings({
  mappings,
  onChange,
}: {
  mappings: Mapping[];
  onChange: (mappings: Mapping[]) => void;
}) {
  const t = useTexts(texts);
  const set = (at: number, changes: Partial<Mapping>) =>
    onChange(mappings.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  return (
    <fieldset>
      <legend className="text-sm font-medium">{t.mappings}</legend>
      <p className="mt-1 mb-2 text-xs text-muted">{t.mappingsHelp}</p>
      <ul className="space-y-3">
        {mappings.map((one, at) => (
          <li
            key={at}
            className="grid grid-cols-[minmax(0,1fr)_2rem] items-center gap-2 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_2rem]"
          >
            <Input
              aria-label={t.group}
              placeholder={t.group}
              required
              value={one.value}
              onChange={(event) => set(at, { value: event.target.value })}
            />
            <div className="order-last sm:order-none">
              <TeamPicker
                placeholder={t.team}
                value={one.team ?? ""}
                onChange={(team) => set(at, { team: team || null })}
              />
            </div>
            <div className="order-last sm:order-none">
              <RolePicker
                placeholder={t.role}
                value={one.role ?? ""}
                onChange={(role) => set(at, { role: role || null })}
              />
            </div>
            <IconButton
              label={t.remove}
              onClick={() => onChange(mappings.filter((_, index) => index !== at))}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      <Button size="small" className="mt-2" onClick={() => onChange([...mappings, { value: "" }])}>
        <Plus aria-hidden />
        {t.addMapping}
      </Button>
    </fieldset>
  );
}
