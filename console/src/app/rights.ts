import type { WhoIsAsking } from "@/api/schema";

/** Where a thing stands among people; its owner and team by their ids. */
export type Placed = { owner: string | null; team: string | null; visibility: string };
type Who = Pick<WhoIsAsking, "able" | "grants" | "user">;

/** Whether what one holds covers what is wanted: `*` is everything, `tool.*` all that is done with tools. */
export function permits(permissions: string[], wanted: string): boolean {
  const family = `${wanted.split(".")[0]}.*`;
  return permissions.some((one) => one === "*" || one === wanted || one === family);
}

/** Whether a permission is held on something or, with `thing`, on this one. The gateway's own rule has the last word. */
export function holds(who: Who, permission: string, thing?: Placed): boolean {
  if (!who.able.includes(permission)) return false;
  if (!thing) return true;
  if (who.user && thing.owner === who.user.id && !thing.team) return true;
  return who.grants.some((one) => permits(one.permissions, permission) && covers(one, thing));
}

function covers({ scope, permissions }: Who["grants"][number], { team, visibility }: Placed): boolean {
  if (scope === "*") return permissions.includes("*") || visibility !== "private";
  return scope === team && visibility !== "private";
}
