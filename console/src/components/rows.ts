/** A click that is meant for the row: not for a link or button in it, and not the end of a selection. */
export function isPlainClick(event: React.MouseEvent): boolean {
  const at = event.target as HTMLElement;
  return !at.closest("a, button, input, label, select") && !getSelection()?.toString();
}

/** Arrow keys go from row to row. */
export function moveByKey(event: React.KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [
    ...event.currentTarget.querySelectorAll<HTMLElement>('[role="row"] a, [role="row"] button[data-row]'),
  ];
  const rows = [...new Set(links.map((one) => one.closest('[role="row"]')))].sort(byIndex);
  const here = rows.indexOf((event.target as HTMLElement).closest('[role="row"]'));
  const next = rows[here + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.querySelector<HTMLElement>("a, button[data-row]")?.focus();
}

function byIndex(a: Element | null, b: Element | null): number {
  return Number(a?.getAttribute("aria-rowindex")) - Number(b?.getAttribute("aria-rowindex"));
}
