import { Outlet, useRouterState } from "@tanstack/react-router";
import { Menu as Bars, Search, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import { Button } from "@/components/Button";
import { RemovalProvider } from "@/components/Removal";
import { useCommonTexts } from "@/lib/common";
import { catalog, useTexts } from "@/lib/i18n";
import { Navigation } from "./Navigation";
import { Palette } from "./Palette";
import { PersonMenu } from "./PersonMenu";
import { SignedIn } from "./session";
import { useSettled } from "./settled";

const texts = catalog(
  { skip: "Skip to the content", search: "Search or go to…", pages: "Pages" },
  { skip: "본문으로 건너뛰기", search: "검색하거나 이동…", pages: "페이지" },
);

export function Shell() {
  useSettled();
  return (
    <SignedIn>
      <RemovalProvider>
        <Frame />
      </RemovalProvider>
    </SignedIn>
  );
}

function Frame() {
  const t = useTexts(texts);
  const [searching, setSearching] = useState(false);
  useShortcut(() => setSearching((open) => !open));
  const side = (
    <>
      <Brand />
      <SearchButton words={t.search} onClick={() => setSearching(true)} />
      <Navigation />
      <PersonMenu />
    </>
  );
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-md bg-ink px-3 py-2 text-page focus:translate-y-0"
      >
        {t.skip}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-60 shrink-0 flex-col border-r border-line bg-surface lg:flex">
        {side}
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar search={() => setSearching(true)} />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <Palette open={searching} onClose={() => setSearching(false)} />
    </div>
  );
}

export function Brand() {
  return (
    <span className="flex h-14 items-center gap-2.5 px-4 text-[0.9375rem] font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-6" aria-hidden>
        <rect width="32" height="32" rx="7" className="fill-accent" />
        <path
          d="M8 25V14.5a8 8 0 0 1 16 0V25M16 25V15"
          fill="none"
          stroke="var(--accent-ink)"
          strokeWidth="3"
          strokeLinecap="round"
        />
      </svg>
      Gatehouse
    </span>
  );
}

function SearchButton({ words, onClick }: { words: string; onClick: () => void }) {
  const mac = navigator.platform.startsWith("Mac");
  return (
    <button
      type="button"
      onClick={onClick}
      className="mx-3 mb-2 flex h-8 items-center gap-2 rounded-md border border-line bg-page px-2.5 text-sm text-faint hover:border-line-strong"
    >
      <Search className="size-4" aria-hidden />
      <span className="flex-1 truncate text-left">{words}</span>
      <kbd className="rounded border border-line bg-surface px-1 font-sans text-2xs text-muted">
        {mac ? "⌘K" : "Ctrl K"}
      </kbd>
    </button>
  );
}

/** On screens that have no room for the bar at the side. */
function TopBar({ search }: { search: () => void }) {
  const common = useCommonTexts();
  const t = useTexts(texts);
  const [open, setOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setOpen(false), [path]);
  return (
    <header className="sticky top-0 z-30 flex h-14 items-center gap-1 border-b border-line bg-surface pr-2 lg:hidden">
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Trigger asChild>
          <Button kind="quiet" size="icon" aria-label={common.openMenu} className="ml-2">
            <Bars aria-hidden />
          </Button>
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-40 bg-[oklch(0.15_0.02_260/0.45)]" />
          <Dialog.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-40 flex w-72 max-w-[85vw] flex-col bg-surface shadow-float outline-none"
          >
            <Dialog.Title className="sr-only">{t.pages}</Dialog.Title>
            <div className="flex items-center justify-between pr-2">
              <Brand />
              <Dialog.Close asChild>
                <Button kind="quiet" size="icon" aria-label={common.close}>
                  <X aria-hidden />
                </Button>
              </Dialog.Close>
            </div>
            <Navigation />
            <PersonMenu />
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      <Brand />
      <Button kind="quiet" size="icon" aria-label={t.search} className="ml-auto" onClick={search}>
        <Search aria-hidden />
      </Button>
    </header>
  );
}

function useShortcut(toggle: () => void) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      toggle();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
