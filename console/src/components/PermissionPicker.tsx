import { cn } from "@/lib/cn";
import { catalog, useTexts } from "@/lib/i18n";
import { Checkbox } from "./Fields";

const texts = catalog(
  { everything: "Everything, what comes later too" },
  { everything: "앞으로 생길 것까지 모든 권한" },
);

/** Every permission by what it is about; the words are those of the API. `*` and the families are asked for as such. */
export const PERMISSIONS: Record<string, string[]> = {
  upstream: ["read", "write", "stdio"],
  tool: ["read", "write", "call"],
  prompt: ["read", "write", "get"],
  resource: ["read", "write", "fetch"],
  server: ["read", "write", "use"],
  agent: ["read", "write", "call"],
  token: ["read", "write"],
  user: ["read", "write"],
  session: ["read", "write"],
  team: ["read", "write", "create", "join"],
  role: ["read", "write"],
  root: ["read", "write"],
  provider: ["read", "write"],
  registry: ["read", "install", "approve", "write"],
  audit: ["read"],
  call: ["read"],
  event: ["read"],
  log: ["read", "write"],
  transfer: ["export", "import"],
  metrics: ["read"],
};

type Props = {
  label: string;
  chosen: string[];
  onChange: (chosen: string[]) => void;
  error?: string;
  /** Which can be given at all; all where left out. */
  allowed?: (permission: string) => boolean;
};

export function PermissionPicker({ label, chosen, onChange, error, allowed = () => true }: Props) {
  const t = useTexts(texts);
  const all = chosen.includes("*");
  const set = (permission: string, on: boolean) =>
    onChange(on ? [...chosen, permission] : chosen.filter((one) => one !== permission));
  return (
    <fieldset className="space-y-1">
      <legend className="mb-2 text-sm font-medium">{label}</legend>
      {error && <p className="text-xs font-medium text-bad">{error}</p>}
      {allowed("*") && (
        <Checkbox label={t.everything} checked={all} onChange={(on) => onChange(on ? ["*"] : [])} />
      )}
      <div className={cn("divide-y divide-line", all && "opacity-50")}>
        {Object.entries(PERMISSIONS).map(([family, verbs]) => (
          <Family
            key={family}
            family={family}
            verbs={verbs}
            chosen={chosen}
            set={set}
            allowed={allowed}
            disabled={all}
          />
        ))}
      </div>
    </fieldset>
  );
}

type FamilyProps = {
  family: string;
  verbs: string[];
  chosen: string[];
  set: (permission: string, on: boolean) => void;
  allowed: (permission: string) => boolean;
  disabled: boolean;
};

function Family({ family, verbs, chosen, set, allowed, disabled }: FamilyProps) {
  const whole = chosen.includes(`${family}.*`);
  const shown = verbs.filter((verb) => allowed(`${family}.${verb}`));
  if (!shown.length) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-1.5 py-2">
      <span className="w-20 shrink-0 font-mono text-xs text-muted">{family}</span>
      {shown.map((verb) => {
        const permission = `${family}.${verb}`;
        return (
          <Checkbox
            key={verb}
            label={<span className="font-mono text-xs">{verb}</span>}
            disabled={disabled || whole}
            checked={whole || chosen.includes(permission)}
            onChange={(on) => set(permission, on)}
          />
        );
      })}
    </div>
  );
}
