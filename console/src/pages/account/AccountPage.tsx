import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { api, ask, credentials } from "@/api/client";
import { useChange, useList } from "@/api/queries";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Fields";
import { Trouble } from "@/components/FormOverlay";
import { Page, Section } from "@/components/Page";
import { SkeletonLines } from "@/components/States";
import { catalog, useTexts } from "@/lib/i18n";
import { SessionRows } from "@/pages/users/SessionRows";
import { texts as userTexts } from "@/pages/users/texts";

const texts = catalog(
  {
    title: "Your account",
    rights: "What you may do",
    onAll: "everything",
    noRights: "Only what is public, and what is yours.",
    password: "Change the password",
    passwordAbout: "You stay signed in here, and are signed out everywhere else.",
    current: "Current password",
    new: "New password",
    change: "Change it",
    changed: "The password is changed",
    sessions: "Where you are signed in",
    endOthers: "Sign out everywhere else",
    byToken: "You use an API token. This tab keeps it until it is closed.",
  },
  {
    title: "내 계정",
    rights: "할 수 있는 일",
    onAll: "전체",
    noRights: "공개된 것과 내 것만 사용할 수 있습니다.",
    password: "비밀번호 바꾸기",
    passwordAbout: "여기서는 로그인 상태가 유지되고 다른 곳에서는 모두 로그아웃됩니다.",
    current: "현재 비밀번호",
    new: "새 비밀번호",
    change: "바꾸기",
    changed: "비밀번호를 바꿨습니다",
    sessions: "로그인한 곳",
    endOthers: "다른 곳에서 모두 로그아웃",
    byToken: "API 토큰을 사용 중입니다. 이 탭을 닫을 때까지만 보관됩니다.",
  },
);

export default function AccountPage() {
  const t = useTexts(texts);
  const session = useSession();
  return (
    <Page title={t.title} about={session.user ? `${session.user.name} · ${session.user.email}` : t.byToken}>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="space-y-4">
          <Rights />
          {session.session && <PasswordForm />}
        </div>
        {session.session && <Sessions />}
      </div>
    </Page>
  );
}

function Rights() {
  const t = useTexts(texts);
  const { grants } = useSession();
  return (
    <Section title={t.rights}>
      {grants.length === 0 && <p className="text-muted">{t.noRights}</p>}
      <ul className="space-y-2">
        {grants.map((one) => (
          <li key={`${one.role} ${one.scope}`} className="flex items-center gap-2">
            <Badge tone="accent">{one.role}</Badge>
            <span className="text-muted">{one.scope === "*" ? t.onAll : one.scope_name}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Sessions() {
  const t = useTexts(texts);
  const words = useTexts(userTexts);
  const list = useList(["sessions", "mine"], (cursor) =>
    ask(api.GET("/auth/sessions", { params: { query: { cursor, limit: 100 } } })),
  );
  const after = { affects: [["sessions"]], done: words.ended };
  const end = useChange(
    (id: string) => ask(api.DELETE("/auth/sessions/{id}", { params: { path: { id } } })),
    after,
  );
  const endOthers = useChange(() => ask(api.DELETE("/auth/sessions")), after);
  const others = list.items.some((one) => !one.current) && (
    <Button size="small" onClick={() => endOthers.mutate()} busy={endOthers.isPending}>
      {t.endOthers}
    </Button>
  );
  return (
    <Section title={t.sessions} actions={others}>
      {list.isLoading ? (
        <SkeletonLines lines={2} />
      ) : (
        <SessionRows sessions={list.items} onEnd={(id) => end.mutate(id)} />
      )}
    </Section>
  );
}

function PasswordForm() {
  const t = useTexts(texts);
  const words = useTexts(userTexts);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useChange(() => ask(api.POST("/auth/password", { body: { current, new: next } })), {
    quiet: true,
    affects: [["sessions"], ["session"]],
    onDone: (made) => {
      // The session is a new one now, and so is what vouches for its requests.
      credentials.csrf = made.csrf_token;
      setCurrent("");
      setNext("");
      toast.success(t.changed);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title={t.password} about={t.passwordAbout}>
      <form onSubmit={submit} className="max-w-sm space-y-4">
        {change.error && <Trouble error={change.error} />}
        <Field label={t.current}>
          {(wiring) => (
            <Input
              {...wiring}
              type="password"
              autoComplete="current-password"
              required
              value={current}
              onChange={(event) => setCurrent(event.target.value)}
            />
          )}
        </Field>
        <Field label={t.new} help={words.passwordHelp.split(".")[0]}>
          {(wiring) => (
            <Input
              {...wiring}
              type="password"
              autoComplete="new-password"
              minLength={10}
              required
              value={next}
              onChange={(event) => setNext(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" kind="primary" busy={change.isPending}>
          {t.change}
        </Button>
      </form>
    </Section>
  );
}
