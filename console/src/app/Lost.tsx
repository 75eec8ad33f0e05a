import { Compass } from "lucide-react";
import { buttonStyle } from "@/components/Button";
import { Page } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty } from "@/components/States";
import { catalog, useTexts } from "@/lib/i18n";

const texts = catalog(
  { title: "Not found", words: "There is nothing at this address.", home: "Go to the overview" },
  { title: "찾을 수 없음", words: "이 주소에는 아무것도 없습니다.", home: "개요로 가기" },
);

export function Lost() {
  const t = useTexts(texts);
  const home = (
    <RouteLink to="/" className={buttonStyle()}>
      {t.home}
    </RouteLink>
  );
  return (
    <Page title={t.title}>
      <Empty sign={Compass} title={t.words} action={home} />
    </Page>
  );
}
