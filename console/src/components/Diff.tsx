import { cn } from "@/lib/cn";

/** Two texts line by line: what was taken away, what was added. Signs say it, besides the colours. */
export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = difference(before.split("\n"), after.split("\n"));
  return (
    <div
      role="group"
      tabIndex={0}
      aria-label={label}
      className="overflow-x-auto rounded-md border border-line bg-sunken py-1.5 font-mono text-xs leading-5"
    >
      {lines.map(([sign, text], at) => (
        <div
          key={at}
          className={cn(
            "flex min-w-max gap-2 px-3",
            sign === "+" && "bg-ok-soft text-ok",
            sign === "-" && "bg-bad-soft text-bad",
          )}
        >
          <span className="w-2 select-none">{sign}</span>
          <span className="whitespace-pre">{text}</span>
        </div>
      ))}
    </div>
  );
}

type Line = [" " | "+" | "-", string];

/** The longest common lines stay; texts here are small. */
export function difference(before: string[], after: string[]): Line[] {
  const table = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (row: number, column: number) => table[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const same = before[row] === after[column];
      const best = same ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      (table[row] as Uint32Array)[column] = best;
    }
  }
  const lines: Line[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push([" ", before[row] ?? ""]);
      row += 1;
      column += 1;
    } else if (
      column >= after.length ||
      (row < before.length && at(row + 1, column) >= at(row, column + 1))
    ) {
      lines.push(["-", before[row] ?? ""]);
      row += 1;
    } else {
      lines.push(["+", after[column] ?? ""]);
      column += 1;
    }
  }
  return lines;
}
