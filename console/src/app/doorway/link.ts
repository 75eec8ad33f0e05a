import { CONSOLE } from "@/api/root";

const KEPT = "gatehouse.code";

/**
 * What stands behind the `#` of a link is a code: browsers don't send it, and it is taken out of the address at once. A
 * provider of single sign-on sends the browser back without it, so this tab keeps it meanwhile.
 */
export const code = taken();

function taken(): string {
  const given = location.hash.slice(1);
  if (given) history.replaceState(null, "", location.pathname + location.search);
  const kept = sessionStorage.getItem(KEPT) ?? "";
  sessionStorage.removeItem(KEPT);
  return given || kept;
}

export function keepCode(): void {
  if (code) sessionStorage.setItem(KEPT, code);
}

/** Where to go after signing in: an address of our own, or the console. */
export function next(): URL {
  const wanted = new URLSearchParams(location.search).get("next");
  const home = new URL(CONSOLE, location.origin);
  if (!wanted) return home;
  const url = URL.canParse(wanted, location.href) ? new URL(wanted, location.href) : home;
  return url.origin === location.origin ? url : home;
}

export function goOn(): void {
  const to = next();
  to.hash = code || to.hash;
  location.replace(to);
}
