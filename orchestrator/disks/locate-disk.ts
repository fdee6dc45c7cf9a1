import type { DiskCopy, DiskRef } from "../../protocol/index.ts";
import type { DiskTransferPlan } from "./plan-disk-transfers.ts";

/** Where a disk is, as far as the hosts that are connected here can say. Hosts are named by their agents' ids. */
export type DiskLocation =
  /** None of them has it. */
  | { readonly kind: "absent" }
  | { readonly kind: "still"; readonly host: string }
  /** Both ends of its journey are here. */
  | { readonly kind: "travels"; readonly plan: DiskTransferPlan }
  /** The other end of its journey is not here; `mayStay`: the copy at `host` is still the disk. */
  | {
      readonly kind: "cut-off";
      readonly host: string;
      readonly partner: string;
      readonly journey: string;
      readonly mayStay: boolean;
    };

/** @param copies what each connected host has */
export function locateDisk(ref: DiskRef, copies: ReadonlyMap<string, readonly DiskCopy[]>): DiskLocation {
  const own = [...copies].flatMap(([host, list]) =>
    list
      .filter(({ owner, name }) => owner === ref.owner && name === ref.name)
      .map((copy) => ({ host, copy })),
  );
  // One that was written to comes before one that was only promised to a machine.
  const still = own.find(({ copy }) => copy.state === "here") ?? own.find(({ copy }) => copy.state === "new");
  if (still !== undefined) return { kind: "still", host: still.host };
  const leaver = own.find(({ copy: { state } }) => state === "leaving" || state === "left");
  const end = leaver ?? own[0];
  if (end?.copy.journey === undefined || end.copy.partner === undefined) return { kind: "absent" };
  const { state, journey, partner } = end.copy;
  if (!copies.has(partner))
    return { kind: "cut-off", host: end.host, partner, journey, mayStay: state === "leaving" };
  // What arrives from a host that has nothing never becomes a disk.
  if (leaver === undefined) return { kind: "absent" };
  return {
    kind: "travels",
    plan: { owner: ref.owner, name: ref.name, journey, from: end.host, to: partner },
  };
}
