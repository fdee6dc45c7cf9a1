import type { CandidateHost, ImageFetch, Need } from "./candidate.ts";

/**
 * Hosts that fit, the best first: where the data disk is, then where the image is or will be soonest, then hosts with
 * known facts, then one without a GPU that others may need, then the largest share of free memory, then the least load.
 */
export function rankHosts(need: Need, hosts: readonly CandidateHost[]): CandidateHost[] {
  const keys = new Map(hosts.map((host) => [host.id, rankKey(need, host)]));
  const keyOf = (host: CandidateHost): readonly number[] => keys.get(host.id) ?? [];
  return [...hosts].sort((a, b) => compare(keyOf(a), keyOf(b)) || a.name.localeCompare(b.name));
}

const DISTANCE: Readonly<Record<ImageFetch["state"], number>> = { here: 0, coming: 1, lacking: 2 };

function rankKey(need: Need, { id, facts: known, image, placed }: CandidateHost): number[] {
  const diskElsewhere = need.dataDisk?.hostId === id ? 0 : 1;
  const fetch = image.kind === "offered" ? image.fetch : null;
  const distance = DISTANCE[fetch?.state ?? "here"];
  if (known.kind !== "known") return [diskElsewhere, distance, 1, 0, 0, 0, placed];
  const { memoryMb: memory, gpus, load } = known.facts;
  const gpuWasted = need.gpu === "none" && gpus.some(({ free }) => free) ? 1 : 0;
  const used = 1 - (memory.free - need.memoryMb) / Math.max(1, memory.total);
  // In steps: small differences must not decide.
  return [diskElsewhere, distance, 0, gpuWasted, Math.round(used * 20), Math.round(load * 4), placed];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
