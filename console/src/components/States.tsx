import { CloudOff, LoaderCircle, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Unreachable } from "@/api/problem";
import { inWords } from "@/api/tell";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { Button } from "./Button";

/** The whole page while nothing is known yet. Quiet at first: most answers come before anybody looks. */
export function Starting() {
  const common = useCommonTexts();
  return (
    <div className="grid min-h-dvh place-items-center text-faint" role="status">
      <LoaderCircle className="size-5 animate-spin" aria-hidden />
      <span className="sr-only">{common.loading}</span>
    </div>
  );
}

/** Where a part of a page could not be got: what is wrong, and what to do. */
export function Failed({
  error,
  retry,
  className,
}: {
  error: unknown;
  retry?: () => void;
  className?: string;
}) {
  const common = useCommonTexts();
  const { title, hint } = inWords(error, common);
  const Sign = error instanceof Unreachable ? CloudOff : TriangleAlert;
  return (
    <div role="alert" className={cn("flex flex-col items-center gap-2 px-6 py-12 text-center", className)}>
      <Sign className="size-6 text-bad" aria-hidden />
      <p className="font-medium">{title}</p>
      {hint && <p className="max-w-prose text-muted">{hint}</p>}
      {retry && (
        <Button className="mt-2" onClick={retry}>
          {common.retry}
        </Button>
      )}
    </div>
  );
}

type EmptyProps = {
  sign?: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
};

/** Where there is nothing yet: one sentence that teaches what would be here, and the way to the first one. */
export function Empty({ sign: Sign, title, children, action, className }: EmptyProps) {
  return (
    <div className={cn("flex flex-col items-center gap-1.5 px-6 py-14 text-center", className)}>
      {Sign && (
        <span className="mb-2 grid size-10 place-items-center rounded-lg border border-line bg-sunken text-muted">
          <Sign className="size-5" aria-hidden />
        </span>
      )}
      <p className="font-medium">{title}</p>
      {children && <p className="max-w-prose text-muted text-pretty">{children}</p>}
      {action && <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cn("block h-4 animate-pulse rounded bg-sunken", className)} />;
}

/** Some lines to keep the place of a part that is coming. */
export function SkeletonLines({ lines = 4, className }: { lines?: number; className?: string }) {
  const widths = ["w-2/3", "w-full", "w-5/6", "w-1/2"];
  return (
    <div className={cn("space-y-3 py-2", className)} role="status">
      <span className="sr-only">{useCommonTexts().loading}</span>
      {Array.from({ length: lines }, (_, at) => (
        <Skeleton key={at} className={widths[at % widths.length]} />
      ))}
    </div>
  );
}
