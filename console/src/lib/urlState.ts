import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

type Search = Record<string, string | undefined>;

/** What stands behind the `?`: filters, sort and tab live there, so that a page can be bookmarked, shared and gone back to. */
export function useUrl(): [Search, (changes: Search) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Search) => {
      const merged = (before: Search) => cleaned({ ...before, ...changes });
      void navigate({ to: ".", search: merged as never, replace: true, resetScroll: false });
    },
    [navigate],
  );
  return [search, change];
}

/** One of them; what is `fallback` is left out of the address. */
export function useUrlState(name: string, fallback = ""): [string, (value: string) => void] {
  const [search, change] = useUrl();
  const set = useCallback(
    (value: string) => change({ [name]: value === fallback ? undefined : value }),
    [change, name, fallback],
  );
  return [search[name] ?? fallback, set];
}

function cleaned(search: Search): Search {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  );
}
