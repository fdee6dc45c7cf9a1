import type { DiskCopy } from "../../protocol/index.ts";

/** What a transfer needs next. */
export type NextStep =
  | { readonly kind: "export" }
  /** `source`: the copy, with its checksum. */
  | { readonly kind: "import"; readonly source: CheckedCopy }
  | { readonly kind: "copy"; readonly offset: number; readonly total: number }
  | { readonly kind: "check" }
  | { readonly kind: "yield" }
  | { readonly kind: "settle" }
  | { readonly kind: "forget" }
  /** The copy that arrives is of no use: the disk stayed where it was. */
  | { readonly kind: "drop" }
  | { readonly kind: "done" }
  /** The hosts contradict each other about which copy is the disk; nothing is touched. `mayStay`: the source still is it. */
  | { readonly kind: "stuck"; readonly mayStay: boolean };

type CheckedCopy = DiskCopy & { readonly sha256: string };

/**
 * Decides from the two hosts' answers alone, so that a transfer resumes after a crash of any side at any point.
 * @param from the copy at the source; null: that host has none
 * @param to the copy at the destination
 */
export function nextStep(journey: string, from: DiskCopy | null, to: DiskCopy | null): NextStep {
  const mayStay = from?.state === "leaving" && from.journey === journey;
  const stuck: NextStep = { kind: "stuck", mayStay };
  const others = [from, to].some((copy) => copy !== null && isInOtherTransfer(journey, copy));
  if (others) return stuck;
  if (from === null) return to?.state === "here" ? { kind: "done" } : stuck;
  switch (from.state) {
    case "here":
      if (to === null) return { kind: "export" };
      return to.state === "arriving" || to.state === "arrived" ? { kind: "drop" } : stuck;
    case "leaving":
      if (!isChecked(from)) return { kind: "export" };
      if (to === null) return { kind: "import", source: from };
      if (to.state === "arriving")
        return to.bytes < from.bytes
          ? { kind: "copy", offset: to.bytes, total: from.bytes }
          : { kind: "check" };
      return to.state === "arrived" ? { kind: "yield" } : stuck;
    case "left":
      if (to?.state === "arrived") return { kind: "settle" };
      return to?.state === "here" ? { kind: "forget" } : stuck;
    default:
      return stuck;
  }
}

function isChecked(copy: DiskCopy): copy is CheckedCopy {
  return copy.sha256 !== undefined;
}

/** A stored copy may still name the transfer that it came by. */
function isInOtherTransfer(journey: string, { state, journey: its }: DiskCopy): boolean {
  return state !== "here" && state !== "new" && its !== journey;
}
