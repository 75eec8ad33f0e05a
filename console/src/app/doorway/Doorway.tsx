import type { ReactNode } from "react";
import { Menu } from "@/components/Menu";
import { LANGUAGES, type Language, useLanguage } from "@/lib/i18n";
import { Brand } from "../Shell";
import { useFetchSettled as useSettled } from "../settled";
import { Invite } from "./Invite";
import { SetUp } from "./SetUp";
import { SignIn } from "./SignIn";

const DOORS: Record<string, () => ReactNode> = { setup: SetUp, invite: Invite, "sign-in": SignIn };

/** The pages for those who are not signed in: setting up, taking a link, signing in. */
export default function Doorway({ door }: { door: string }) {
  const Door = DOORS[door] ?? SignIn;
  useSettled();
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex items-center justify-between pr-4">
        <Brand />
        <LanguageMenu />
      </header>
      <main className="mx-auto w-full max-w-sm flex-1 px-4 pt-[8vh] pb-16">
        <Door />
      </main>
    </div>
  );
}

function LanguageMenu() {
  const { language, setLanguage } = useLanguage();
  const items = (Object.keys(LANGUAGES) as Language[]).map((one) => ({
    label: LANGUAGES[one],
    checked: one === language,
    onSelect: () => setLanguage(one),
  }));
  const trigger = (
    <button type="button" className="h-8 rounded-md px-2 text-sm text-muted hover:text-ink">
      {LANGUAGES[language]}
    </button>
  );
  return <Menu trigger={trigger} items={items} />;
}
