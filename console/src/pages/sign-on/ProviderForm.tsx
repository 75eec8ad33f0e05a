import { useState } from "react";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { NewProvider, ProviderSummary } from "@/api/schema";
import { Checkbox, Field, Input, Select } from "@/components/Fields";
import { FormOverlay } from "@/components/FormOverlay";
import { TagInput } from "@/components/TagInput";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { Mappings } from "./Mappings";
import { texts } from "./texts";

type Preset = NonNullable<NewProvider["preset"]>;
type Values = {
  name: string;
  preset: Preset;
  issuer: string;
  client_id: string;
  client_secret: string;
  use_for: ("sign_in" | "access_tokens")[];
  allowed_domains: string[];
  audiences: string[];
  create_users: boolean;
  groups_claim: string;
  mappings: NonNullable<NewProvider["mappings"]>;
};
const ISSUED = new Set<Preset>(["google", "github"]);

export function ProviderForm({
  provider,
  open,
  onClose,
}: {
  provider?: ProviderSummary;
  open: boolean;
  onClose: () => void;
}) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [values, setValues] = useState(() => valuesOf(provider));
  const set = <K extends keyof Values>(name: K, value: Values[K]) =>
    setValues((before) => ({ ...before, [name]: value }));
  const save = useChange(() => store(provider, values), {
    affects: [["providers"]],
    done: common.saved,
    quiet: true,
  });
  return (
    <FormOverlay
      kind="sheet"
      wide
      open={open}
      onClose={onClose}
      title={provider ? t.change : t.add}
      action={common.save}
      onSubmit={() => save.mutateAsync()}
    >
      {(field) => (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t.name} help={t.nameHelp} error={field("name")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  required
                  value={values.name}
                  onChange={(event) => set("name", event.target.value)}
                />
              )}
            </Field>
            <Field label={t.preset}>
              {(wiring) => (
                <Select
                  {...wiring}
                  disabled={!!provider}
                  value={values.preset}
                  onChange={(event) => set("preset", event.target.value as Preset)}
                  options={Object.entries(t.presets).map(([value, label]) => ({ value, label }))}
                />
              )}
            </Field>
          </div>
          <Field
            label={t.issuer}
            help={t.issuers[values.preset]}
            required={ISSUED.has(values.preset) ? false : undefined}
            error={field("issuer")}
          >
            {(wiring) => (
              <Input
                {...wiring}
                value={values.issuer}
                onChange={(event) => set("issuer", event.target.value)}
              />
            )}
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t.clientId} error={field("client_id")}>
              {(wiring) => (
                <Input
                  {...wiring}
                  value={values.client_id}
                  onChange={(event) => set("client_id", event.target.value)}
                />
              )}
            </Field>
            <Field
              label={t.clientSecret}
              help={provider ? t.secretHelp : undefined}
              error={field("client_secret")}
            >
              {(wiring) => (
                <Input
                  {...wiring}
                  type="password"
                  autoComplete="off"
                  value={values.client_secret}
                  onChange={(event) => set("client_secret", event.target.value)}
                />
              )}
            </Field>
          </div>
          <div className="flex flex-col gap-2">
            <Use values={values} set={set} use="sign_in" />
            <Use values={values} set={set} use="access_tokens" />
            <Checkbox
              label={t.createUsers}
              checked={values.create_users}
              onChange={(on) => set("create_users", on)}
            />
          </div>
          <Field label={t.domains} help={t.domainsHelp} required={false} error={field("allowed_domains")}>
            {({ required: _, ...wiring }) => (
              <TagInput
                {...wiring}
                placeholder="example.com"
                values={values.allowed_domains}
                onChange={(next) => set("allowed_domains", next)}
              />
            )}
          </Field>
          {values.use_for.includes("access_tokens") && (
            <Field label={t.audiences} help={t.audiencesHelp} required={false} error={field("audiences")}>
              {({ required: _, ...wiring }) => (
                <TagInput {...wiring} values={values.audiences} onChange={(next) => set("audiences", next)} />
              )}
            </Field>
          )}
          <Field label={t.groupsClaim} required={false} error={field("groups_claim")}>
            {(wiring) => (
              <Input
                {...wiring}
                required={false}
                placeholder="groups"
                value={values.groups_claim}
                onChange={(event) => set("groups_claim", event.target.value)}
              />
            )}
          </Field>
          <Mappings mappings={values.mappings} onChange={(next) => set("mappings", next)} />
        </>
      )}
    </FormOverlay>
  );
}

type UseProps = {
  values: Values;
  set: <K extends keyof Values>(name: K, value: Values[K]) => void;
  use: "sign_in" | "access_tokens";
};

function Use({ values, set, use }: UseProps) {
  const t = useTexts(texts);
  const others = values.use_for.filter((one) => one !== use);
  return (
    <Checkbox
      label={t.uses[use]}
      checked={values.use_for.includes(use)}
      onChange={(on) => set("use_for", on ? [...others, use] : others)}
    />
  );
}

function valuesOf(provider?: ProviderSummary): Values {
  return {
    name: provider?.name ?? "",
    preset: (provider?.preset as Preset | undefined) ?? "generic",
    issuer: provider?.issuer ?? "",
    client_id: provider?.client_id ?? "",
    client_secret: "",
    use_for: (provider?.use_for as Values["use_for"] | undefined) ?? ["sign_in"],
    allowed_domains: provider?.allowed_domains ?? [],
    audiences: provider?.audiences ?? [],
    create_users: provider?.create_users ?? false,
    groups_claim: provider?.groups_claim ?? "",
    mappings: provider?.mappings ?? [],
  };
}

/** What is left empty is left out: the preset knows it, or it stays as it is. */
function store(provider: ProviderSummary | undefined, { preset, ...values }: Values) {
  const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")) as Omit<
    Values,
    "preset"
  >;
  return provider
    ? ask(api.PATCH("/providers/{id}", { params: { path: { id: provider.id } }, body }))
    : ask(api.POST("/providers", { body: { ...body, preset } }));
}
