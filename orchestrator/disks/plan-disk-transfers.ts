import type { DiskCopy, DiskRef } from "../../protocol/index.ts";

/** A disk on its way; hosts are named by their agents' ids. */
export interface DiskTransferPlan extends DiskRef {
  readonly journey: string;
  readonly from: string;
  readonly to: string;
}

/** The journeys that were begun and are not over, of which both hosts can be asked. */
export function planDiskTransfers(copies: ReadonlyMap<string, readonly DiskCopy[]>): DiskTransferPlan[] {
  const plans = new Map<string, DiskTransferPlan>();
  for (const [host, list] of copies)
    for (const { owner, name, state, journey, partner } of list) {
      if (journey === undefined || partner === undefined || !copies.has(partner)) continue;
      const leaves = state === "leaving" || state === "left";
      const [from, to] = leaves ? [host, partner] : [partner, host];
      plans.set(journey, { owner, name, journey, from, to });
    }
  return [...plans.values()];
}
