const AT_ONCE = 4;

/** Does something for each of many, a few at a time; tells how many are done. The first that fails ends it. */
export async function inTurns<T>(
  items: readonly T[],
  run: (item: T) => Promise<unknown>,
  done: (count: number) => void = () => undefined,
): Promise<void> {
  const rest = [...items];
  let count = 0;
  const work = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      await run(item).catch((error: unknown) => {
        rest.length = 0;
        throw error;
      });
      count += 1;
      done(count);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
}

export function parts<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
