/** Whether what one holds covers what is wanted: `*` is everything, `tool.*` all that is done with tools. */
export function permits(permissions: string[], wanted: string): boolean {
  const family = `${wanted.split(".")[0]}.*`;
  return permissions.some((one) => one === "*" || one === wanted || one === family);
}
