import type { DiskCopy, DiskRef } from "../../protocol/index.ts";

/** What each connected host has, by its agent's id. */
export type DiskCopies = ReadonlyMap<string, readonly DiskCopy[]>;

/** A disk on its way; hosts are named by their agents' ids. */
export interface DiskTransferPlan extends DiskRef {
  readonly journey: string;
  readonly from: string;
  readonly to: string;
}

/** Where a disk is, as far as the hosts that are connected here know. Hosts are named by their agents' ids. */
export type DiskLocation =
  /** None of them has it. */
  | { readonly kind: "absent" }
  | { readonly kind: "stored"; readonly host: string }
  /** Both ends of its transfer are connected. */
  | { readonly kind: "inTransfer"; readonly plan: DiskTransferPlan }
  /** The other end of its transfer is not connected; `mayStay`: the copy at `host` is still the disk. */
  | {
      readonly kind: "interrupted";
      readonly host: string;
      readonly partner: string;
      readonly journey: string;
      readonly mayStay: boolean;
    };

export function locateDisk(ref: DiskRef, copies: DiskCopies): DiskLocation {
  const own = [...copies].flatMap(([host, list]) =>
    list
      .filter(({ owner, name }) => owner === ref.owner && name === ref.name)
      .map((copy) => ({ host, copy })),
  );
  // One that was written to comes before one that was only reserved for a machine.
  const stored =
    own.find(({ copy }) => copy.state === "here") ?? own.find(({ copy }) => copy.state === "new");
  if (stored !== undefined) return { kind: "stored", host: stored.host };
  const source = own.find(({ copy }) => isSource(copy));
  const end = source ?? own[0];
  if (end?.copy.journey === undefined || end.copy.partner === undefined) return { kind: "absent" };
  const { state, journey, partner } = end.copy;
  if (!copies.has(partner))
    return { kind: "interrupted", host: end.host, partner, journey, mayStay: state === "leaving" };
  // A copy that arrives from a host without a source never becomes a disk.
  if (source === undefined) return { kind: "absent" };
  return {
    kind: "inTransfer",
    plan: { owner: ref.owner, name: ref.name, journey, from: end.host, to: partner },
  };
}

/** The transfers that were begun and are not over, and of which both hosts are connected. */
export function planDiskTransfers(copies: DiskCopies): DiskTransferPlan[] {
  const plans = new Map<string, DiskTransferPlan>();
  for (const [host, list] of copies)
    for (const copy of list) {
      const { owner, name, journey, partner } = copy;
      if (journey === undefined || partner === undefined || !copies.has(partner)) continue;
      const [from, to] = isSource(copy) ? [host, partner] : [partner, host];
      plans.set(journey, { owner, name, journey, from, to });
    }
  return [...plans.values()];
}

function isSource({ state }: DiskCopy): boolean {
  return state === "leaving" || state === "left";
}
