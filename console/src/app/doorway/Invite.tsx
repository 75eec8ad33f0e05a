import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, credentials } from "@/api/client";
import { CONSOLE, ROOT } from "@/api/root";
import type { InvitationShown, WhoIsAsking } from "@/api/schema";
import { Button } from "@/components/Button";
import { Trouble } from "@/components/FormOverlay";
import { linkStyle } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { catalog, useTexts } from "@/lib/i18n";
import { code } from "./link";
import { AccountForm, Head } from "./parts";

const texts = catalog(
  {
    title: "Welcome to Gatehouse",
    whole: "This page needs the whole link that you were given, with what stands behind its #.",
    invites: (by: string | null, team: string | null, role: string | null) =>
      `${by ? `${by} invites you` : "You are invited"} to ${team ? `team ${team}` : "Gatehouse"}${role ? `, as ${role}` : ""}.`,
    newPassword: "Set a new password",
    newPasswordWords: (email: string) =>
      `For ${email}. Whoever is signed in with the old one will be signed out.`,
    action: "Go on",
    accept: (email: string) => `Accept as ${email}`,
    haveOne: "Have you got an account already?",
    signIn: "Sign in with it",
  },
  {
    title: "Gatehouse에 오신 것을 환영합니다",
    whole: "# 뒤까지 포함한 전체 링크가 필요합니다.",
    invites: (by, team, role) =>
      `${by ? `${by} 님이 ` : ""}${team ? `${team} 팀` : "Gatehouse"}에 ${role ? `${role}(으)로 ` : ""}초대했습니다.`,
    newPassword: "새 비밀번호 설정",
    newPasswordWords: (email) => `${email} 계정입니다. 이전 비밀번호로 로그인한 곳은 모두 로그아웃됩니다.`,
    action: "계속",
    accept: (email) => `${email}(으)로 수락`,
    haveOne: "이미 계정이 있으신가요?",
    signIn: "그 계정으로 로그인",
  },
);

export function Invite() {
  const t = useTexts(texts);
  const invitation = useQuery({
    queryKey: ["invitation"],
    queryFn: () => ask(api.POST("/auth/invitation", { body: { code } })),
    enabled: !!code,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const here = useQuery({ queryKey: ["session", "door"], queryFn: whoIsHere, enabled: !!code });
  if (!code) return <Head title={t.title}>{t.whole}</Head>;
  if (invitation.error) return <Trouble error={invitation.error} />;
  if (!invitation.data || here.isLoading) return <SkeletonLines />;
  const shown = invitation.data;
  if (shown.kind === "password") return <NewPassword shown={shown} />;
  return (
    <>
      <Head title={t.title}>{t.invites(shown.invited_by, shown.team, shown.role)}</Head>
      {here.data ? <Join here={here.data} /> : <NewAccount shown={shown} />}
    </>
  );
}

async function whoIsHere(): Promise<WhoIsAsking | null> {
  try {
    const who = await ask(api.GET("/auth/session"));
    credentials.csrf = who.csrf_token ?? "";
    return who.kind === "user" ? who : null;
  } catch {
    return null;
  }
}

async function accept(values: { email: string; name: string; password: string }) {
  await ask(api.POST("/auth/invitation/accept", { body: { code, ...values } }));
  location.replace(CONSOLE);
}

function NewPassword({ shown }: { shown: InvitationShown }) {
  const t = useTexts(texts);
  return (
    <>
      <Head title={t.newPassword}>{t.newPasswordWords(shown.email ?? "")}</Head>
      <AccountForm
        fresh
        fields={["email", "password"]}
        email={shown.email}
        action={t.action}
        onSubmit={({ password }) => accept({ email: "", name: "", password })}
      />
    </>
  );
}

function NewAccount({ shown }: { shown: InvitationShown }) {
  const t = useTexts(texts);
  const back = `${ROOT}sign-in?next=${encodeURIComponent(location.pathname)}#${code}`;
  return (
    <>
      <AccountForm
        fresh
        fields={["email", "name", "password"]}
        email={shown.email}
        action={t.action}
        onSubmit={accept}
      />
      <p className="mt-5 text-muted">
        {t.haveOne}{" "}
        <a className={linkStyle} href={back}>
          {t.signIn}
        </a>
      </p>
    </>
  );
}

function Join({ here }: { here: WhoIsAsking }) {
  const t = useTexts(texts);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const join = async () => {
    setBusy(true);
    try {
      await ask(api.POST("/invitations/accept", { body: { code } }));
      location.replace(CONSOLE);
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <div className="space-y-4">
      {error !== null && <Trouble error={error} />}
      <Button kind="primary" size="large" className="w-full" busy={busy} onClick={() => void join()}>
        {t.accept(here.user?.email ?? here.name)}
      </Button>
    </div>
  );
}
