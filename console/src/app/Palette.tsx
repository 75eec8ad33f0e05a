import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import {
  Bot,
  Boxes,
  FileText,
  type LucideIcon,
  MessageSquareText,
  Play,
  PlugZap,
  Plus,
  Store,
  Wrench,
} from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useDeferredValue, useState } from "react";
import { api, ask } from "@/api/client";
import type { FoundView } from "@/api/schema";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { usePlaces } from "./Navigation";
import { usePersonItems } from "./PersonMenu";
import { paletteTexts as texts } from "./paletteTexts";
import { placeTexts } from "./places";
import { useSession } from "./session";

const SIGNS: Record<string, [LucideIcon, string]> = {
  tool: [Wrench, "/tools/"],
  prompt: [MessageSquareText, "/prompts/"],
  resource: [FileText, "/resources/"],
  resource_template: [FileText, "/resources/"],
  upstream: [PlugZap, "/upstreams/"],
  server: [Boxes, "/servers/"],
  agent: [Bot, "/agents/"],
  registry_entry: [Store, "/registry/"],
};

/** One box for pages, actions and everything in the catalog. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [typed, setTyped] = useState("");
  const found = useFound(typed, open);
  const close = () => {
    setTyped("");
    onClose();
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-[oklch(0.15_0.02_260/0.45)]" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed inset-x-0 top-0 z-40 mx-auto w-full max-w-xl overflow-hidden border-line bg-surface shadow-float outline-none sm:top-[12vh] sm:w-[calc(100%-2rem)] sm:rounded-xl sm:border"
        >
          <Dialog.Title className="sr-only">{t.title}</Dialog.Title>
          <Command label={t.title} loop>
            <Command.Input
              value={typed}
              onValueChange={setTyped}
              placeholder={t.placeholder}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint sm:text-sm"
            />
            <Command.List className="max-h-[60vh] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-8 text-center text-muted">
                {common.nothingFound}
              </Command.Empty>
              <Actions close={close} />
              <Pages close={close} />
              <Things found={found} close={close} />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useFound(typed: string, open: boolean): FoundView[] {
  const wanted = useDeferredValue(typed.trim());
  const query = useQuery({
    queryKey: ["search", "palette", wanted],
    queryFn: ({ signal }) => ask(api.GET("/search", { params: { query: { q: wanted, limit: 12 } }, signal })),
    enabled: open && wanted.length > 1,
    placeholderData: keepPreviousData,
  });
  return open && wanted.length > 1 ? (query.data?.items ?? []) : [];
}

const HEAD =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint";

function Row({
  value,
  sign,
  words,
  about,
  onSelect,
  always,
}: {
  value: string;
  sign: ReactNode;
  words: ReactNode;
  about?: string;
  onSelect: () => void;
  always?: boolean;
}) {
  return (
    <Command.Item
      value={value}
      forceMount={always}
      onSelect={onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted"
    >
      {sign}
      <span className="min-w-0 flex-1 truncate">{words}</span>
      {about && <span className="max-w-[45%] shrink-0 truncate text-xs text-faint">{about}</span>}
    </Command.Item>
  );
}

function useGo(close: () => void) {
  const navigate = useNavigate();
  return (to: string, search: Record<string, string> = {}) => {
    close();
    void navigate({ to: to as never, search: search as never });
  };
}

function Actions({ close }: { close: () => void }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const go = useGo(close);
  const ways: [string, string, string, Record<string, string>?][] = [
    [t.addUpstream, "/upstreams/new", "upstream.write"],
    [t.createServer, "/servers/new", "server.write"],
    [t.createToken, "/tokens/new", "token.write"],
    [t.invite, "/users", "user.write", { invite: "yes" }],
  ];
  const personal = usePersonItems().filter((one) => one !== "line");
  return (
    <Command.Group heading={t.actions} className={HEAD}>
      {ways
        .filter(([, , needs]) => can(needs))
        .map(([words, to, , search]) => (
          <Row
            key={to}
            value={words}
            sign={<Plus aria-hidden />}
            words={words}
            onSelect={() => go(to, search)}
          />
        ))}
      {personal.map((one) => (
        <Row
          key={one.label}
          value={one.label}
          sign={one.sign}
          words={one.label}
          onSelect={() => {
            one.onSelect();
            close();
          }}
        />
      ))}
    </Command.Group>
  );
}

function Pages({ close }: { close: () => void }) {
  const t = useTexts(texts);
  const names = useTexts(placeTexts);
  const go = useGo(close);
  return (
    <Command.Group heading={t.pages} className={HEAD}>
      {usePlaces().map((one) => (
        <Row
          key={one.id}
          value={`${names[one.id]} ${one.id}`}
          sign={<one.sign aria-hidden />}
          words={names[one.id]}
          onSelect={() => go(one.path)}
        />
      ))}
    </Command.Group>
  );
}

/** What the gateway found is shown as it ranked it, and not sifted again. */
function Things({ found, close }: { found: FoundView[]; close: () => void }) {
  const t = useTexts(texts);
  const go = useGo(close);
  if (!found.length) return null;
  return (
    <Command.Group heading={t.things} className={HEAD} forceMount>
      {found.map((one) => {
        const [Sign, path] = SIGNS[one.kind] ?? [Play, "/tools/"];
        const about = [t.kinds[one.kind as keyof typeof t.kinds], one.upstream?.name]
          .filter(Boolean)
          .join(" · ");
        return (
          <Row
            key={one.kind + one.id}
            always
            value={`${one.kind} ${one.id}`}
            sign={<Sign aria-hidden />}
            words={one.title || one.name}
            about={about}
            onSelect={() => go(path + encodeURIComponent(one.id))}
          />
        );
      })}
    </Command.Group>
  );
}
