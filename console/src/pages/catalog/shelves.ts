import { api, ask } from "@/api/client";
import type { CapabilityChange, CapabilityList, CapabilityView, TaggedList } from "@/api/schema";

export type ShelfName = "tools" | "prompts" | "resources";
export type Query = {
  q?: string;
  upstream?: string;
  tag?: string;
  kind?: CapabilityView["kind"];
  enabled?: boolean;
  state?: "present" | "gone";
  unused_for?: string;
  cursor?: string;
  limit?: number;
};
type Tags = { ids: string[]; add?: string[]; remove?: string[] };

/** One collection of the catalog: the API has the same for all three, under other paths. */
export type Shelf = {
  name: ShelfName;
  read: string;
  write: string;
  method: string;
  list: (query: Query) => Promise<CapabilityList>;
  get: (id: string) => Promise<CapabilityView>;
  change: (id: string, body: CapabilityChange) => Promise<CapabilityView>;
  tag: (body: Tags) => Promise<TaggedList>;
};

const path = (id: string) => ({ params: { path: { id } } });

const tools: Shelf = {
  name: "tools",
  read: "tool.read",
  write: "tool.write",
  method: "tools/call",
  list: (query) => ask(api.GET("/tools", { params: { query } })),
  get: (id) => ask(api.GET("/tools/{id}", path(id))),
  change: (id, body) => ask(api.PATCH("/tools/{id}", { ...path(id), body })),
  tag: (body) => ask(api.POST("/tools/tags", { body })),
};

const prompts: Shelf = {
  name: "prompts",
  read: "prompt.read",
  write: "prompt.write",
  method: "prompts/get",
  list: (query) => ask(api.GET("/prompts", { params: { query } })),
  get: (id) => ask(api.GET("/prompts/{id}", path(id))),
  change: (id, body) => ask(api.PATCH("/prompts/{id}", { ...path(id), body })),
  tag: (body) => ask(api.POST("/prompts/tags", { body })),
};

const resources: Shelf = {
  name: "resources",
  read: "resource.read",
  write: "resource.write",
  method: "resources/read",
  list: (query) => ask(api.GET("/resources", { params: { query } })),
  get: (id) => ask(api.GET("/resources/{id}", path(id))),
  change: (id, body) => ask(api.PATCH("/resources/{id}", { ...path(id), body })),
  tag: (body) => ask(api.POST("/resources/tags", { body })),
};

export const SHELVES: Record<ShelfName, Shelf> = { tools, prompts, resources };
