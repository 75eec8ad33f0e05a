import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";

/** How many others each tool is a duplicate of, by id; those that somebody has judged are left out. */
export function useDuplicates(enabled: boolean): ReadonlyMap<string, number> {
  const query = useQuery({
    queryKey: ["tools", "duplicates", "counts"],
    queryFn: async () => {
      const page = (cursor?: string) =>
        ask(api.GET("/tools/duplicates", { params: { query: { cursor, limit: 500 } } }));
      const groups = await everyPage(page);
      const open = groups.filter((one) => !one.verdict);
      return new Map(
        open.flatMap((one) => one.members.map((each) => [each.id, one.members.length - 1] as const)),
      );
    },
    enabled,
    staleTime: 60_000,
  });
  return query.data ?? NONE;
}

const NONE = new Map<string, number>();
