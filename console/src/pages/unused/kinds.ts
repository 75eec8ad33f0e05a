import { api, ask } from "@/api/client";
import type { UnusedView } from "@/api/schema";
import { SHELVES, type Shelf } from "../catalog/shelves";

export const OF = ["tool", "prompt", "resource", "upstream", "server", "token"] as const;
export type Of = (typeof OF)[number];

/** What can be done with what nobody uses, by what it is. */
export type Kind = {
  shelf?: Shelf;
  read: string;
  write: string;
  /** First word of the keys of queries about it. */
  resource: string;
  path: (one: UnusedView) => string;
  switch?: (id: string, enabled: boolean) => Promise<unknown>;
  remove?: (id: string) => Promise<unknown>;
  /** It can't be made again. */
  forGood?: true;
};

const at = (id: string) => ({ params: { path: { id } } });
const ofShelf = (shelf: Shelf): Kind => ({
  shelf,
  read: shelf.read,
  write: shelf.write,
  resource: shelf.name,
  path: (one) => `/${shelf.name}/${one.id}`,
  switch: (id, enabled) => shelf.change(id, { enabled }),
});

export const KINDS: Record<Of, Kind> = {
  tool: ofShelf(SHELVES.tools),
  prompt: ofShelf(SHELVES.prompts),
  resource: ofShelf(SHELVES.resources),
  upstream: {
    read: "upstream.read",
    write: "upstream.write",
    resource: "upstreams",
    path: (one) => `/upstreams/${one.id}`,
    switch: (id, enabled) => ask(api.PATCH("/upstreams/{id}", { ...at(id), body: { enabled } })),
    remove: (id) => ask(api.DELETE("/upstreams/{id}", at(id))),
  },
  server: {
    read: "server.read",
    write: "server.write",
    resource: "servers",
    path: (one) => `/servers/${one.id}`,
    switch: (id, enabled) => ask(api.PATCH("/servers/{id}", { ...at(id), body: { enabled } })),
    remove: (id) => ask(api.DELETE("/servers/{id}", at(id))),
  },
  token: {
    read: "token.read",
    write: "token.write",
    resource: "tokens",
    path: (one) => `/tokens/${one.id}`,
    remove: (id) => ask(api.DELETE("/tokens/{id}", at(id))),
    forGood: true,
  },
};
