import { ROOT } from "@/api/root";
import { cn } from "@/lib/cn";

const OURS = "/registry/icons/";

/**
 * The mark of an entry in the colour of the text, or the first letter of its title. A picture that stands elsewhere is
 * not loaded: nothing here asks another host.
 */
export function EntryMark({
  entry,
  className,
}: {
  entry: { title: string; icon: string | null };
  className?: string;
}) {
  const box = cn("grid size-9 shrink-0 place-items-center rounded-md bg-sunken text-muted", className);
  if (!entry.icon?.startsWith(OURS)) {
    return (
      <span aria-hidden className={cn(box, "text-sm font-semibold")}>
        {entry.title.slice(0, 1).toUpperCase()}
      </span>
    );
  }
  const mask = `url("${ROOT}${entry.icon.slice(1)}") center / contain no-repeat`;
  return (
    <span aria-hidden className={box}>
      <span data-icon={entry.icon} className="size-5 bg-current" style={{ mask }} />
    </span>
  );
}
