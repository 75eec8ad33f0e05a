import type { AgentInput } from "@/api/schema";

/** What is typed of a credential. `keep`: the one that is there stays. */
export type Typed = {
  kind: "none" | "bearer" | "basic" | "headers" | "keep";
  token: string;
  username: string;
  password: string;
  header: string;
  value: string;
};
export const NOTHING: Typed = {
  kind: "none",
  token: "",
  username: "",
  password: "",
  header: "Authorization",
  value: "",
};

/** As the API takes it; undefined: it is left as it is. */
export function asCredential(typed: Typed): AgentInput["credential"] | undefined {
  switch (typed.kind) {
    case "keep":
      return undefined;
    case "none":
      return null;
    case "bearer":
      return { type: "bearer", token: typed.token };
    case "basic":
      return { type: "basic", username: typed.username, password: typed.password };
    case "headers":
      return { type: "headers", headers: { [typed.header]: typed.value } };
  }
}
