import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { catalog, useTexts } from "@/lib/i18n";

export const partTexts = catalog(
  {
    email: "Email address",
    name: "Name",
    password: "Password",
    passwordHelp: "At least 10 characters. A few words in a row are easy to keep in mind.",
  },
  {
    email: "이메일 주소",
    name: "이름",
    password: "비밀번호",
    passwordHelp: "10자 이상. 몇 개의 단어를 이어 쓰면 기억하기 쉽습니다.",
  },
);

export function Head({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mb-6">
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      {children && <p className="mt-2 text-muted text-pretty">{children}</p>}
    </div>
  );
}

type Values = { email: string; name: string; password: string };
type FormProps = {
  action: string;
  fields: (keyof Values)[];
  /** A password that is made here, and not asked for. */
  fresh?: boolean;
  /** Who it is for; can't be changed then. */
  email?: string | null;
  onSubmit: (values: Values) => Promise<void>;
};

/** Password managers look for the address beside the password, so it is there even where it is known. */
export function AccountForm({ action, fields, fresh = false, email, onSubmit }: FormProps) {
  const t = useTexts(partTexts);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const read = (name: string) => String(data.get(name) ?? "");
    setBusy(true);
    setError(null);
    try {
      await onSubmit({ email: read("email"), name: read("name"), password: read("password") });
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      {error !== null && <Trouble error={error} />}
      {fields.includes("email") && (
        <Field label={t.email}>
          {(wiring) => (
            <Input
              {...wiring}
              className="h-10"
              name="email"
              type="email"
              autoComplete="username"
              maxLength={254}
              required
              readOnly={!!email}
              defaultValue={email ?? ""}
            />
          )}
        </Field>
      )}
      {fields.includes("name") && (
        <Field label={t.name}>
          {(wiring) => (
            <Input {...wiring} className="h-10" name="name" autoComplete="name" maxLength={255} required />
          )}
        </Field>
      )}
      <Field label={t.password} help={fresh ? t.passwordHelp : undefined}>
        {(wiring) => (
          <Input
            {...wiring}
            className="h-10"
            name="password"
            type="password"
            autoComplete={fresh ? "new-password" : "current-password"}
            minLength={fresh ? 10 : undefined}
            maxLength={1000}
            required
          />
        )}
      </Field>
      <Button kind="primary" size="large" type="submit" className="w-full" busy={busy}>
        {action}
      </Button>
    </form>
  );
}
