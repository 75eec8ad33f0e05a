import { useMatch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { cn } from "@/lib/cn";
import { RouteLink } from "./RouteLink";

type Props = {
  title: string;
  /** Beside the title: a state, a kind. */
  beside?: ReactNode;
  /** One sentence: what is here, and what it is for. */
  about?: ReactNode;
  actions?: ReactNode;
  /** Where the list is that this is one of. */
  back?: { to: string; words: string };
  children: ReactNode;
};

export function Page({ title, beside, about, actions, back, children }: Props) {
  // That of the page itself: the address bar is already somewhere else while this page is being left.
  const path = useMatch({ strict: false, select: (match) => match.pathname });
  useEffect(() => {
    document.title = `${title} · Gatehouse`;
  }, [title]);
  return (
    <div className="mx-auto w-full max-w-[90rem] px-4 pt-5 pb-16 sm:px-6 lg:px-8" key={path}>
      <header className="mb-5">
        {back && (
          <RouteLink
            to={back.to}
            className="mb-2 -ml-1 inline-flex items-center gap-0.5 text-xs text-muted hover:text-ink"
          >
            <ChevronLeft className="size-3.5" aria-hidden />
            {back.words}
          </RouteLink>
        )}
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
          <div className="min-w-0 flex-1 basis-64">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{title}</h1>
              {beside}
            </div>
            {about && <p className="mt-1 max-w-[75ch] text-muted text-pretty">{about}</p>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      </header>
      {children}
    </div>
  );
}

type SectionProps = {
  title?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  flush?: boolean;
};

/** A part of a page on its own ground. `flush`: its content reaches to the edges, as a table does. */
export function Section({ title, about, actions, children, className, flush }: SectionProps) {
  return (
    <section className={cn("min-w-0 rounded-lg border border-line bg-surface", className)}>
      {(title || actions) && (
        <div className={cn("flex flex-wrap items-center justify-between gap-2 px-4 pt-3", flush && "pb-2.5")}>
          <div className="min-w-0">
            <h2 className="text-sm font-semibold">{title}</h2>
            {about && <p className="mt-0.5 text-xs text-muted">{about}</p>}
          </div>
          {actions}
        </div>
      )}
      <div className={cn(!flush && "p-4", !flush && title && "pt-3")}>{children}</div>
    </section>
  );
}

/** Names and values, one under the other. */
export function Facts({ items, className }: { items: [ReactNode, ReactNode][]; className?: string }) {
  return (
    <dl
      className={cn("grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-6 gap-y-2.5 text-sm", className)}
    >
      {items.map(([name, value], at) => (
        <div key={at} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
