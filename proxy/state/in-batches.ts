/** Values in one statement: far below both databases' limit on parameters, and few enough for one turn of the event loop. */
const BATCH = 500;

/** The rows of several statements, each for some of the distinct values. None for no value. */
export async function inBatches<T>(
  values: readonly string[],
  read: (batch: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const distinct = [...new Set(values)];
  const rows: T[] = [];
  for (let from = 0; from < distinct.length; from += BATCH)
    rows.push(...(await read(distinct.slice(from, from + BATCH))));
  return rows;
}
