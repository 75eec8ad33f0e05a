import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { CONSOLE, ROOT } from "@/api/root";
import { Trouble } from "@/components/FormOverlay";
import { linkStyle } from "@/components/RouteLink";
import { SkeletonLines } from "@/components/States";
import { catalog, useTexts } from "@/lib/i18n";
import { code } from "./link";
import { AccountForm, Head } from "./parts";

const texts = catalog(
  {
    title: "Set up Gatehouse",
    words: "Make the first administrator's account. Others are invited later.",
    done: "The set-up is done: there is a user already.",
    whole:
      "This page needs the whole link, with what stands behind its #. `gatehouse up` prints it when it starts.",
    action: "Make the account",
    signIn: "Sign in",
  },
  {
    title: "Gatehouse 설정",
    words: "첫 관리자 계정을 만듭니다. 다른 사람은 나중에 초대할 수 있습니다.",
    done: "설정이 이미 끝났습니다. 사용자가 있습니다.",
    whole: "# 뒤까지 포함한 전체 링크가 필요합니다. `gatehouse up`을 시작하면 출력됩니다.",
    action: "계정 만들기",
    signIn: "로그인",
  },
);

export function SetUp() {
  const t = useTexts(texts);
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => ask(api.GET("/auth/methods")) });
  if (ways.error) return <Trouble error={ways.error} />;
  if (!ways.data) return <SkeletonLines />;
  if (!ways.data.setup_needed) {
    return (
      <>
        <Head title={t.title}>{t.done}</Head>
        <a className={linkStyle} href={`${ROOT}sign-in`}>
          {t.signIn}
        </a>
      </>
    );
  }
  if (!code) return <Head title={t.title}>{t.whole}</Head>;
  return (
    <>
      <Head title={t.title}>{t.words}</Head>
      <AccountForm
        fresh
        fields={["email", "name", "password"]}
        action={t.action}
        onSubmit={async (values) => {
          await ask(api.POST("/auth/setup", { body: { code, ...values } }));
          location.replace(`${CONSOLE}/start`);
        }}
      />
    </>
  );
}
