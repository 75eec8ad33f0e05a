import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useCommonTexts } from "@/lib/common";
import { useUrl } from "@/lib/urlState";
import { Button } from "./Button";
import { type Option, Select } from "./Fields";
import { Search } from "./Search";

/** The line above a list: a search, some choices, and a way to take them all back. All of it stands in the address. */
export function Filters({
  search,
  children,
  names,
  end,
}: {
  search?: string;
  children?: ReactNode;
  names: string[];
  end?: ReactNode;
}) {
  const [url, change] = useUrl();
  const common = useCommonTexts();
  const set = ["q", ...names].filter((one) => url[one]);
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      {search && (
        <Search
          label={search}
          value={url.q ?? ""}
          onChange={(q) => change({ q })}
          className="w-full sm:w-72"
        />
      )}
      {children}
      {set.length > 0 && (
        <Button kind="quiet" onClick={() => change(Object.fromEntries(set.map((one) => [one, undefined])))}>
          <X aria-hidden />
          {common.clearFilters}
        </Button>
      )}
      {end && <div className="ml-auto flex items-center gap-2">{end}</div>}
    </div>
  );
}

/** One choice of the filters: `name` in the address; the first option stands for "any". */
export function Choice({ name, label, options }: { name: string; label: string; options: Option[] }) {
  const [url, change] = useUrl();
  return (
    <Select
      aria-label={label}
      className="w-auto max-w-56"
      value={url[name] ?? ""}
      onChange={(event) => change({ [name]: event.target.value })}
      options={[{ value: "", label }, ...options]}
    />
  );
}
