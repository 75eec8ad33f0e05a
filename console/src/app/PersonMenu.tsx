import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, Languages, LogOut, Monitor, Moon, Sun, UserRound } from "lucide-react";
import { Menu, type MenuItem } from "@/components/Menu";
import { catalog, LANGUAGES, type Language, useLanguage, useTexts } from "@/lib/i18n";
import { type Theme, useTheme } from "@/lib/theme";
import { useSession } from "./session";

export const personTexts = catalog(
  {
    account: "Your account",
    leave: "Sign out",
    themes: { light: "Light", dark: "Dark", system: "As the system" },
    byToken: "API token",
  },
  {
    account: "내 계정",
    leave: "로그아웃",
    themes: { light: "밝게", dark: "어둡게", system: "시스템 설정대로" },
    byToken: "API 토큰",
  },
);
const SIGNS = { light: Sun, dark: Moon, system: Monitor };

/** Who is signed in, and what concerns them alone: account, colours, language, leaving. */
export function PersonMenu() {
  const t = useTexts(personTexts);
  const session = useSession();
  const items = usePersonItems();
  const name = session.user?.name || session.name;
  const trigger = (
    <button
      type="button"
      className="flex w-full items-center gap-2.5 border-t border-line px-4 py-3 text-left hover:bg-hover"
    >
      <span
        aria-hidden
        className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent-strong"
      >
        {name.slice(0, 1).toUpperCase()}
      </span>
      <span className="min-w-0 flex-1">
        <span className="block truncate text-sm font-medium">{name}</span>
        <span className="block truncate text-xs text-muted">{session.user?.email ?? t.byToken}</span>
      </span>
      <ChevronsUpDown className="size-4 shrink-0 text-faint" aria-hidden />
    </button>
  );
  return <Menu align="start" trigger={trigger} items={items} />;
}

/** The same for the palette. */
export function usePersonItems(): Exclude<MenuItem, never>[] {
  const t = useTexts(personTexts);
  const navigate = useNavigate();
  const session = useSession();
  const { theme, setTheme } = useTheme();
  const { language, setLanguage } = useLanguage();
  const themes = (Object.keys(SIGNS) as Theme[]).map((one) => {
    const Sign = SIGNS[one];
    return {
      label: t.themes[one],
      sign: <Sign aria-hidden />,
      checked: one === theme,
      onSelect: () => setTheme(one),
    };
  });
  const languages = (Object.keys(LANGUAGES) as Language[]).map((one) => ({
    label: LANGUAGES[one],
    sign: <Languages aria-hidden />,
    checked: one === language,
    onSelect: () => setLanguage(one),
  }));
  return [
    {
      label: t.account,
      sign: <UserRound aria-hidden />,
      onSelect: () => void navigate({ to: "/account" as never }),
    },
    "line",
    ...themes,
    "line",
    ...languages,
    "line",
    { label: t.leave, sign: <LogOut aria-hidden />, onSelect: () => void session.leave() },
  ];
}
