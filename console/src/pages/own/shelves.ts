import { api, ask } from "@/api/client";
import type { CapabilityView, DiffView, VersionDetails, VersionList } from "@/api/schema";

/** What there is of own prompts and own resources alike: versions, the way back, the end. */
export type OwnShelf = {
  name: "prompts" | "resources";
  versions: (id: string) => Promise<VersionList>;
  version: (id: string, version: number) => Promise<VersionDetails>;
  diff: (id: string, version: number) => Promise<DiffView>;
  restore: (id: string, version: number) => Promise<CapabilityView>;
  remove: (id: string) => Promise<unknown>;
};

const one = (id: string) => ({ params: { path: { id } } });
const at = (id: string, version: number) => ({ params: { path: { id, version: String(version) } } });

export const OWN_PROMPTS: OwnShelf = {
  name: "prompts",
  versions: (id) => ask(api.GET("/prompts/{id}/versions", one(id))),
  version: (id, version) => ask(api.GET("/prompts/{id}/versions/{version}", at(id, version))),
  diff: (id, version) => ask(api.GET("/prompts/{id}/versions/{version}/diff", at(id, version))),
  restore: (id, version) =>
    ask(api.POST("/prompts/{id}/versions/{version}/restore", { ...at(id, version), body: {} })),
  remove: (id) => ask(api.DELETE("/prompts/{id}", one(id))),
};

export const OWN_RESOURCES: OwnShelf = {
  name: "resources",
  versions: (id) => ask(api.GET("/resources/{id}/versions", one(id))),
  version: (id, version) => ask(api.GET("/resources/{id}/versions/{version}", at(id, version))),
  diff: (id, version) => ask(api.GET("/resources/{id}/versions/{version}/diff", at(id, version))),
  restore: (id, version) =>
    ask(api.POST("/resources/{id}/versions/{version}/restore", { ...at(id, version), body: {} })),
  remove: (id) => ask(api.DELETE("/resources/{id}", one(id))),
};
