import createClient, { type Middleware } from "openapi-fetch";
import { asProblem, Unreachable } from "./problem";
import { ROOT } from "./root";
import type { paths } from "./schema";

const KEPT_TOKEN = "gatehouse.token";

/** What requests show of who sends them: a cookie with a CSRF token, or an API token that this tab keeps until it is closed. */
export const credentials = {
  csrf: "",
  get token(): string {
    return sessionStorage.getItem(KEPT_TOKEN) ?? "";
  },
  set token(value: string) {
    if (value) sessionStorage.setItem(KEPT_TOKEN, value);
    else sessionStorage.removeItem(KEPT_TOKEN);
  },
};

const WAS_SIGNED_IN = "gatehouse.signed-in";

/** Whether this browser has seen the console from inside: the cookie itself is not for scripts. */
export function wasSignedIn(): boolean {
  return credentials.token !== "" || localStorage.getItem(WAS_SIGNED_IN) !== null;
}

export function noteSignedIn(here: boolean): void {
  if (here) localStorage.setItem(WAS_SIGNED_IN, "yes");
  else localStorage.removeItem(WAS_SIGNED_IN);
}

export function authorize(headers: Headers): void {
  if (credentials.token) headers.set("authorization", `Bearer ${credentials.token}`);
  else if (credentials.csrf) headers.set("x-csrf-token", credentials.csrf);
}

let whenSignedOut: () => void = () => undefined;
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

const signed: Middleware = {
  onRequest({ request }) {
    authorize(request.headers);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && !schemaPath.startsWith("/auth/")) whenSignedOut();
  },
};

export const api = createClient<paths>({ baseUrl: `${ROOT}api/v1` });
api.use(signed);

type Reply<T> = { data?: T; error?: unknown; response: Response };

/** The body of an answer; throws `ApiProblem` where it is a refusal, and `Unreachable` where there was none. */
export async function ask<T>(reply: Promise<Reply<T>>): Promise<T> {
  const { data, error, response } = await reply.catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new Unreachable("Gatehouse can't be reached.");
  });
  if (!response.ok) throw asProblem(response.status, error);
  return data as T;
}
