import { expect, test } from "vitest";
import { advertised, type Item, matching } from "./items";

function item(id: string, name: string, upstream = "one", more: Partial<Item> = {}): Item {
  const text = `${name}\n${upstream}`;
  return {
    id,
    kind: "tool",
    name,
    title: "",
    description: "",
    upstream: { id: upstream, name: upstream },
    tags: [],
    tokens: 1,
    effect: "other",
    gone: false,
    text,
    ...more,
  };
}

test("the first that is picked has its own name, the next its upstream's before it", () => {
  const names = advertised([
    item("a", "search", "github"),
    item("b", "search", "wiki"),
    item("c", "read", "wiki"),
  ]);
  expect([...names.values()]).toEqual(["search", "wiki_search", "read"]);
});

test("a name that was given stays, and is not free for others", () => {
  const names = advertised(
    [item("a", "search", "github"), item("b", "find", "wiki")],
    new Map([["b", "search"]]),
  );
  expect(names.get("b")).toBe("search");
  expect(names.get("a")).toBe("github_search");
});

test("a tool and a prompt may have the same name", () => {
  const names = advertised([item("a", "plan"), item("b", "plan", "two", { kind: "prompt" })]);
  expect([...names.values()]).toEqual(["plan", "plan"]);
});

test("all words must be there, in whatever order", () => {
  const items = [item("a", "create_issue", "github"), item("b", "create_page", "wiki")];
  const wanted = { words: "GITHUB create", upstream: "", kind: "", effect: "", tag: "" };
  expect(matching(items, wanted).map((one) => one.id)).toEqual(["a"]);
  expect(matching(items, { ...wanted, words: "", upstream: "wiki" }).map((one) => one.id)).toEqual(["b"]);
});
