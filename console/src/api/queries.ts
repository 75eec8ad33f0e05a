import { type QueryKey, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { useCommonTexts } from "@/lib/common";
import { tellProblem } from "./tell";

type Listed<T> = { items: T[]; next?: string | null };

/** A list of the API, page by page: `more()` gets the next page, if `hasMore`. */
export function useList<T>(
  key: QueryKey,
  fetchPage: (cursor: string | undefined) => Promise<Listed<T>>,
  options: { enabled?: boolean; refetchInterval?: number } = {},
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    ...options,
  });
  const items = query.data?.pages.flatMap((one) => one.items) ?? [];
  return {
    items,
    isLoading: query.isLoading,
    error: query.error,
    hasMore: query.hasNextPage,
    isFetchingMore: query.isFetchingNextPage,
    more: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    },
    refetch: query.refetch,
  };
}

/** Everything of a list, over all of its pages (at most `most`): for what must be known as a whole, such as a choice of teams. */
export async function everyPage<T>(
  fetchPage: (cursor: string | undefined) => Promise<Listed<T>>,
  most = 20_000,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await fetchPage(cursor);
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && found.length < most);
  return found;
}

type Change<V, R> = {
  /** Said when it worked. */
  done?: string | ((result: R, variables: V) => string);
  /** Keys of what is looked at again. */
  affects?: QueryKey[];
  onDone?: (result: R, variables: V) => void;
  /** The page is left afterwards, since what it shows is gone: what it had is not got again. */
  leaves?: boolean;
  /** For forms that show the problem themselves. */
  quiet?: boolean;
};

/** Something that changes the gateway. A problem is told in a toast unless `quiet`. */
export function useChange<V = void, R = unknown>(
  run: (variables: V) => Promise<R>,
  change: Change<V, R> = {},
) {
  const client = useQueryClient();
  const common = useCommonTexts();
  return useMutation<R, Error, V>({
    mutationFn: run,
    onSuccess: async (result, variables) => {
      const refetchType = change.leaves ? "none" : "active";
      for (const queryKey of change.affects ?? []) void client.invalidateQueries({ queryKey, refetchType });
      const words = typeof change.done === "function" ? change.done(result, variables) : change.done;
      if (words) toast.success(words);
      change.onDone?.(result, variables);
    },
    onError: (error) => {
      if (!change.quiet) tellProblem(error, common);
    },
  });
}
