/** Values in one statement: far below both databases' limit on parameters, and few enough for one turn of the event loop. */
const MAX_STATEMENT_VALUES = 500;

/** Runs a statement once or several times, each time for some of the values. Not at all for no value. */
export async function eachBatch<T>(
  values: readonly T[],
  run: (batch: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < values.length; from += MAX_STATEMENT_VALUES)
    await run(values.slice(from, from + MAX_STATEMENT_VALUES));
}

/** The rows of several statements, each for some of the distinct values. None for no value. */
export async function inBatches<T>(
  values: readonly string[],
  read: (batch: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const rows: T[] = [];
  await eachBatch([...new Set(values)], async (batch) => {
    rows.push(...(await read(batch)));
  });
  return rows;
}
