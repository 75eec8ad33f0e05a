import { api, ask, credentials } from "@/api/client";

const MARGIN = 30_000;
let pass = { text: "", until: 0 };

/** What opens the MCP endpoints to who is signed in: the tab's API token, else a pass for five minutes, renewed before it ends. */
export async function bearer(): Promise<string> {
  if (credentials.token) return credentials.token;
  if (Date.now() > pass.until - MARGIN) {
    const made = await ask(api.POST("/auth/pass"));
    pass = { text: made.pass, until: new Date(made.expires_at).getTime() };
  }
  return pass.text;
}
