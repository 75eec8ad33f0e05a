import { LegacyClient } from "./legacy";
import { ModernClient } from "./modern";
import type { Client, Endpoint, Era } from "./wire";

/** A line to an MCP endpoint; nothing is sent before the first request. To be closed. */
export function connect(era: Era, endpoint: Endpoint): Client {
  return era === "modern" ? new ModernClient(endpoint) : new LegacyClient(endpoint);
}
