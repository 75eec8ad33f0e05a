import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useSession } from "@/app/session";
import { type Item, itemOf } from "./items";

const LIMIT = 500;
const FRESH = 60_000;
type Path = "/tools" | "/prompts" | "/resources";
const PATHS: [Path, string][] = [
  ["/tools", "tool.read"],
  ["/prompts", "prompt.read"],
  ["/resources", "resource.read"],
];

/** Everything that can be picked; `loaded` counts while it comes. */
export function useItems() {
  const { can } = useSession();
  const [loaded, setLoaded] = useState(0);
  const query = useQuery({
    queryKey: ["tools", "picker"],
    staleTime: FRESH,
    queryFn: async ({ signal }) => {
      const items: Item[] = [];
      for (const [path, needs] of PATHS) {
        if (!can(needs)) continue;
        let cursor: string | undefined;
        do {
          const page = await ask(api.GET(path, { params: { query: { limit: LIMIT, cursor } }, signal }));
          items.push(...page.items.map(itemOf));
          setLoaded(items.length);
          cursor = page.next ?? undefined;
        } while (cursor);
      }
      return items;
    },
  });
  return { items: query.data, loaded, error: query.error, refetch: query.refetch };
}
