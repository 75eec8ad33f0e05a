import { Link } from "@tanstack/react-router";
import { catalog, useTexts } from "@/lib/i18n";
import { PLACES, type Place, placeTexts } from "./places";
import { useSession } from "./session";

const GROUPS = ["home", "catalog", "watch", "access", "gateway"] as const;
const texts = catalog({ label: "Pages" }, { label: "페이지" });

/** The pages that the caller has any use of. */
export function usePlaces(): Place[] {
  const { can } = useSession();
  return PLACES.filter((one) => !one.needs || can(one.needs));
}

export function Navigation() {
  const t = useTexts(placeTexts);
  const places = usePlaces().filter((one) => !one.apart);
  return (
    <nav aria-label={useTexts(texts).label} className="flex-1 overflow-y-auto px-3 pb-4">
      {GROUPS.map((group) => {
        const here = places.filter((one) => one.group === group);
        if (!here.length) return null;
        return (
          <div key={group} className="mt-3 first:mt-1">
            {t.groups[group] && <p className="px-2 pb-1 text-xs font-medium text-faint">{t.groups[group]}</p>}
            <ul className="space-y-px">
              {here.map((one) => (
                <li key={one.id}>
                  <PlaceLink place={one} words={t[one.id]} />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function PlaceLink({ place, words }: { place: Place; words: string }) {
  const Sign = place.sign;
  return (
    <Link
      to={place.path as never}
      activeOptions={{ exact: place.path === "/", includeSearch: false }}
      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-muted lg:h-7 hover:bg-hover hover:text-ink data-[status=active]:bg-sunken data-[status=active]:font-medium data-[status=active]:text-ink"
    >
      <Sign className="size-4 shrink-0" aria-hidden />
      <span className="truncate">{words}</span>
    </Link>
  );
}
