import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { CONSOLE } from "@/api/root";
import { Lost } from "./Lost";
import { Shell } from "./Shell";

type Search = Record<string, string | undefined>;
// biome-ignore lint/suspicious/noExplicitAny: each page takes its parameters from the router
type PageModule = Promise<{ default: React.ComponentType<any> }>;

/** The pages by their paths. Each is loaded when it is gone to. */
const PAGES: Record<string, () => PageModule> = {
  "/": () => import("@/pages/overview/OverviewPage"),
  "/map": () => import("@/pages/map/MapPage"),
  "/start": () => import("@/pages/start/StartPage"),
  "/upstreams": () => import("@/pages/upstreams/UpstreamsPage"),
  "/upstreams/new": () => import("@/pages/upstreams/NewUpstreamPage"),
  "/upstreams/$id": () => import("@/pages/upstreams/UpstreamPage"),
  "/servers": () => import("@/pages/servers/ServersPage"),
  "/servers/new": () => import("@/pages/servers/NewServerPage"),
  "/servers/$id": () => import("@/pages/servers/ServerPage"),
  "/tools": () => import("@/pages/catalog/ToolsPage"),
  "/tools/$id": () => import("@/pages/catalog/ToolPage"),
  "/prompts": () => import("@/pages/catalog/PromptsPage"),
  "/prompts/new": () => import("@/pages/own/NewPromptPage"),
  "/prompts/$id": () => import("@/pages/catalog/PromptPage"),
  "/resources": () => import("@/pages/catalog/ResourcesPage"),
  "/resources/new": () => import("@/pages/own/NewResourcePage"),
  "/resources/$id": () => import("@/pages/catalog/ResourcePage"),
  "/duplicates": () => import("@/pages/duplicates/DuplicatesPage"),
  "/registry": () => import("@/pages/registry/RegistryPage"),
  "/registry/sources": () => import("@/pages/registry/SourcesPage"),
  "/registry/$id": () => import("@/pages/registry/EntryPage"),
  "/agents": () => import("@/pages/agents/AgentsPage"),
  "/agents/new": () => import("@/pages/agents/NewAgentPage"),
  "/agents/$id": () => import("@/pages/agents/AgentPage"),
  "/roots": () => import("@/pages/roots/RootsPage"),
  "/metrics": () => import("@/pages/metrics/MetricsPage"),
  "/calls": () => import("@/pages/calls/CallsPage"),
  "/calls/$id": () => import("@/pages/calls/CallPage"),
  "/events": () => import("@/pages/events/EventsPage"),
  "/unused": () => import("@/pages/unused/UnusedPage"),
  "/tokens": () => import("@/pages/tokens/TokensPage"),
  "/tokens/new": () => import("@/pages/tokens/NewTokenPage"),
  "/tokens/$id": () => import("@/pages/tokens/TokenPage"),
  "/teams": () => import("@/pages/teams/TeamsPage"),
  "/teams/$id": () => import("@/pages/teams/TeamPage"),
  "/users": () => import("@/pages/users/UsersPage"),
  "/users/$id": () => import("@/pages/users/UserPage"),
  "/roles": () => import("@/pages/roles/RolesPage"),
  "/sign-on": () => import("@/pages/sign-on/SignOnPage"),
  "/audit": () => import("@/pages/audit/AuditPage"),
  "/explain": () => import("@/pages/explain/ExplainPage"),
  "/settings": () => import("@/pages/settings/SettingsPage"),
  "/transfer": () => import("@/pages/transfer/TransferPage"),
  "/account": () => import("@/pages/account/AccountPage"),
};

const root = createRootRoute({ component: Shell, notFoundComponent: Lost });
const routes = Object.entries(PAGES).map(([path, load]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    // Each page reads what it knows of, and ignores the rest.
    validateSearch: (search: Record<string, unknown>): Search =>
      Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)])),
    component: lazyRouteComponent(load),
  }),
);

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: CONSOLE,
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
    return text ? `?${text}` : "";
  },
});
