import { authorize } from "@/api/client";
import { asProblem } from "@/api/problem";
import { ROOT } from "@/api/root";

/** Hands `content` to the browser as a file. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function downloadJson(name: string, value: unknown): void {
  download(name, new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" }));
}

/** An answer of the API as a file; throws `ApiProblem` where it is refused. */
export async function downloadFrom(
  path: string,
  name: string,
  query: Record<string, string> = {},
): Promise<void> {
  const headers = new Headers();
  authorize(headers);
  const asked = new URLSearchParams(query).toString();
  const response = await fetch(`${ROOT}api/v1${path}${asked ? `?${asked}` : ""}`, { headers });
  if (!response.ok) throw asProblem(response.status, await response.json().catch(() => null));
  download(name, await response.blob());
}
