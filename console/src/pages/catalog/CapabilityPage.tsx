import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CapabilityView } from "@/api/schema";
import { useSession } from "@/app/session";
import { Note } from "@/components/Note";
import { Page } from "@/components/Page";
import { Failed, SkeletonLines } from "@/components/States";
import { type Tab, Tabs } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { Bound } from "./Bound";
import { Details } from "./Details";
import { detailTexts } from "./detailTexts";
import { Marks } from "./Marks";
import { Overrides } from "./Overrides";
import { Playground } from "./playground/Playground";
import { Similar } from "./Similar";
import { SHELVES, type Shelf, type ShelfName } from "./shelves";
import { catalogTexts } from "./texts";
import { Usage } from "./Usage";
import { useDuplicates } from "./useDuplicates";

export type OwnTabs = (one: CapabilityView) => Tab[];

/** A tool, prompt, resource or template: what is known of it, what is said of it here, and a place to try it. */
export function CapabilityPage({ name, own }: { name: ShelfName; own?: OwnTabs }) {
  const shelf = SHELVES[name];
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({ queryKey: [name, id], queryFn: () => shelf.get(id) });
  const texts = useTexts(catalogTexts);
  const back = { to: `/${name}`, words: texts.list[name] };
  if (query.error) {
    return (
      <Page title={texts.list[name]} back={back}>
        <Failed error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  if (!query.data) {
    return (
      <Page title={texts.list[name]} back={back}>
        <SkeletonLines lines={6} />
      </Page>
    );
  }
  return <Shown one={query.data} shelf={shelf} back={back} own={own} />;
}

type ShownProps = { one: CapabilityView; shelf: Shelf; back: { to: string; words: string }; own?: OwnTabs };

function Shown({ one, shelf, back, own }: ShownProps) {
  const texts = useTexts(catalogTexts);
  const duplicates = useDuplicates(one.kind === "tool");
  const title = one.title ?? String(one.definition.title ?? one.definition.name ?? one.name);
  const beside = (
    <span className="flex flex-wrap items-center gap-1.5">
      <Marks one={one} duplicates={duplicates.get(one.id) ?? 0} />
    </span>
  );
  return (
    <Page
      title={title}
      beside={beside}
      back={back}
      about={[texts.one[one.kind], one.upstream.name, title === one.name ? "" : one.name]
        .filter(Boolean)
        .join(" · ")}
    >
      <State one={one} />
      <Tabs label={useTexts(detailTexts).tabs.label} tabs={useTabs(one, shelf, own)} />
    </Page>
  );
}

function State({ one }: { one: CapabilityView }): ReactNode {
  const texts = useTexts(detailTexts);
  if (one.state === "gone")
    return (
      <Note tone="warn" className="mb-4">
        {texts.goneSince}
      </Note>
    );
  return one.enabled ? null : <Note className="mb-4">{texts.isOff}</Note>;
}

function useTabs(one: CapabilityView, shelf: Shelf, own?: OwnTabs): Tab[] {
  const texts = useTexts(detailTexts).tabs;
  const { can } = useSession();
  const atEverything = one.kind === "tool" || one.kind === "prompt" ? one.handle : one.name;
  const usable = one.enabled && one.state === "present";
  return [
    { id: "details", label: texts.details, content: <Details one={one} /> },
    {
      id: "try",
      label: texts.try,
      hidden: !usable,
      content: <Playground target={{ kind: "everything" }} capability={one} name={atEverything} />,
    },
    ...(one.own && own ? own(one) : []),
    {
      id: "overrides",
      label: one.own ? texts.settings : texts.overrides,
      hidden: !can(shelf.write, one),
      content: <Overrides key={one.id} one={one} shelf={shelf} />,
    },
    { id: "bound", label: texts.bound, count: one.servers.length, content: <Bound one={one} /> },
    { id: "similar", label: texts.similar, hidden: one.kind !== "tool", content: <Similar one={one} /> },
    {
      id: "usage",
      label: texts.usage,
      hidden: !can("call.read"),
      content: <Usage one={one} shelf={shelf} />,
    },
  ];
}
