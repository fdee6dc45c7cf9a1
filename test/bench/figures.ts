/** The middle one, or the mean of the two in the middle. @throws RangeError for an empty list */
export function median(list: readonly number[]): number {
  if (list.length === 0) throw new RangeError("Nothing has no median.");
  const sorted = [...list].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @param share from 0 to 1 */
export function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (found === undefined) throw new RangeError("Nothing has no quantile.");
  return found;
}

/** Figures by name; what a target does not have is absent. */
export type Figures = Readonly<Record<string, number>>;

/** Of each figure the median over the runs that have it. */
export function medianFigures(runs: readonly Figures[]): Figures {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  const valuesOf = (name: string): number[] => runs.flatMap((run) => run[name] ?? []);
  return Object.fromEntries(names.map((name) => [name, median(valuesOf(name))]));
}

/** How many such sessions one core carries. @param cpuSeconds of the gateway, for one session and minute */
export function countSessionsPerCore(cpuSeconds: number): number {
  return 60 / cpuSeconds;
}
