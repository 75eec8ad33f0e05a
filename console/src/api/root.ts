/** Where Gatehouse stands: `/`, or a path under which a proxy puts it. Told by the `<base>` of the page. */
export const ROOT = new URL("../", document.baseURI).pathname;
export const CONSOLE = `${ROOT}console`;

/** An address of this gateway, whole. */
export function absolute(path: string): string {
  return new URL(ROOT + path.replace(/^\//, ""), location.origin).href;
}
