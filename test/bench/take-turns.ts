import { type Figures, medianFigures } from "./figures.ts";
import type { Target } from "./peers/peer.ts";
import type { TargetFigures } from "./report.ts";

export interface TurnsResult extends TargetFigures {
  /** One entry for each round. */
  readonly runs: readonly Figures[];
}

/**
 * Measures each target once in each round, forwards and backwards in turn, so that what the machine does meanwhile meets
 * all alike.
 */
export async function takeTurns(
  targets: readonly Target[],
  rounds: number,
  measure: (target: Target, round: number) => Promise<Figures>,
): Promise<TurnsResult[]> {
  const runs = new Map<string, Figures[]>(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const target of round % 2 === 1 ? targets.toReversed() : targets)
      runs.get(target.name)?.push(await measure(target, round));
  return targets.map(({ name, title, reference }) => {
    const own = runs.get(name) ?? [];
    return { name, title, reference, figures: medianFigures(own), runs: own };
  });
}
