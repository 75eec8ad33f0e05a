import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, ask, credentials, wasSignedIn } from "@/api/client";
import type { WaysIn } from "@/api/schema";
import { Button, buttonStyle } from "@/components/Button";
import { Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Note } from "@/components/Note";
import { SkeletonLines } from "@/components/States";
import { cn } from "@/lib/cn";
import { catalog, useTexts } from "@/lib/i18n";
import { goOn, keepCode, next } from "./link";
import { AccountForm, Head } from "./parts";

const texts = catalog(
  {
    title: "Sign in",
    action: "Sign in",
    with: (name: string) => `Continue with ${name}`,
    or: "or",
    nobody: "Nobody has an account yet. `gatehouse up` prints the link that makes the first one.",
    noWay: "There is no way in for people here yet.",
    failed: "That sign-in did not succeed. Try again.",
    byToken: "Use an API token",
    token: "API token",
    tokenHelp:
      "The file admin-token in the data directory has one that may do everything. This tab keeps it until it is closed.",
  },
  {
    title: "로그인",
    action: "로그인",
    with: (name) => `${name}(으)로 계속`,
    or: "또는",
    nobody: "아직 계정이 없습니다. `gatehouse up`이 첫 계정을 만드는 링크를 출력합니다.",
    noWay: "아직 사람이 로그인할 방법이 없습니다.",
    failed: "로그인하지 못했습니다. 다시 시도하세요.",
    byToken: "API 토큰 사용",
    token: "API 토큰",
    tokenHelp:
      "데이터 디렉터리의 admin-token 파일에 모든 권한을 가진 토큰이 있습니다. 이 탭을 닫을 때까지만 보관됩니다.",
  },
);

export function SignIn() {
  const t = useTexts(texts);
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => ask(api.GET("/auth/methods")) });
  const reason = new URLSearchParams(location.search).get("error");
  useLeaveIfSignedIn(!reason && wasSignedIn());
  if (ways.error) return <Trouble error={ways.error} />;
  if (!ways.data) return <SkeletonLines />;
  return (
    <>
      <Head title={t.title}>{wordsFor(ways.data, t)}</Head>
      {reason && <Note tone="bad" className="mb-4" title={ways.data.errors[reason] ?? t.failed} />}
      <Providers ways={ways.data} />
      {ways.data.passwords && !ways.data.setup_needed && (
        <AccountForm
          fields={["email", "password"]}
          action={t.action}
          onSubmit={async ({ email, password }) => {
            await ask(api.POST("/auth/login", { body: { email, password } }));
            goOn();
          }}
        />
      )}
      <ByToken open={ways.data.setup_needed} />
    </>
  );
}

function wordsFor(ways: WaysIn, t: { nobody: string; noWay: string }) {
  if (ways.setup_needed) return t.nobody;
  return ways.passwords || ways.providers.length ? undefined : t.noWay;
}

/** Who has a session already has no business here. Who never had one is not asked for: the refusal would look like a fault. */
function useLeaveIfSignedIn(wanted: boolean) {
  const here = useQuery({
    queryKey: ["session", "door"],
    queryFn: () => ask(api.GET("/auth/session")),
    retry: false,
    enabled: wanted,
  });
  useEffect(() => {
    if (here.data?.kind === "user") goOn();
  }, [here.data]);
}

function Providers({ ways }: { ways: WaysIn }) {
  const t = useTexts(texts);
  const to = next();
  const after = `?next=${encodeURIComponent(to.pathname + to.search)}`;
  if (!ways.providers.length) return null;
  return (
    <div className="mb-5 space-y-2">
      {ways.providers.map((one) => (
        <a
          key={one.slug}
          href={one.start + after}
          onClick={keepCode}
          className={cn(buttonStyle({ size: "large" }), "w-full")}
        >
          {t.with(one.name)}
        </a>
      ))}
      {ways.passwords && (
        <p className="flex items-center gap-3 pt-3 text-xs text-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          {t.or}
        </p>
      )}
    </div>
  );
}

/** For one person on their own machine, who needs no account. */
function ByToken({ open }: { open: boolean }) {
  const t = useTexts(texts);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    credentials.token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    setBusy(true);
    try {
      await ask(api.GET("/auth/session"));
      goOn();
    } catch (caught) {
      credentials.token = "";
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <details className="mt-6 border-t border-line pt-4" open={open}>
      <summary className="text-sm text-muted hover:text-ink">{t.byToken}</summary>
      <form onSubmit={submit} className="mt-3 space-y-3">
        {error !== null && <Trouble error={error} />}
        <Field label={t.token} help={t.tokenHelp}>
          {(wiring) => (
            <Input
              {...wiring}
              className="h-10 font-mono"
              name="token"
              type="password"
              autoComplete="off"
              required
            />
          )}
        </Field>
        <Button type="submit" size="large" className="w-full" busy={busy}>
          {t.action}
        </Button>
      </form>
    </details>
  );
}
