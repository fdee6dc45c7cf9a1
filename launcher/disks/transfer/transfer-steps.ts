import type { DiskCopyState } from "../disk-record.ts";

/** A step of a transfer; each may be repeated. */
export type DiskTransferStep =
  | { readonly kind: "export"; readonly journey: string; readonly partner: string }
  | { readonly kind: "summed"; readonly sha256: string }
  | { readonly kind: "stay" }
  | { readonly kind: "yield" }
  | { readonly kind: "checked" }
  | { readonly kind: "settle" };

/**
 * A copy's state after a step; the same object if the step was done already, null if it is not possible. Two copies are
 * never writable at once: `yield` is the point of no return, and `settle` comes after it.
 */
export function applyTransferStep(now: DiskCopyState, wanted: DiskTransferStep): DiskCopyState | null {
  switch (wanted.kind) {
    case "export": {
      const { journey, partner } = wanted;
      if (now.state === "leaving" || now.state === "left") return now.journey === journey ? now : null;
      return now.state === "here" ? { state: "leaving", journey, partner } : null;
    }
    case "summed":
      return now.state === "leaving" ? { ...now, sha256: wanted.sha256 } : null;
    case "stay":
      if (now.state === "here") return now;
      return now.state === "leaving" ? { state: "here", journey: now.journey } : null;
    case "yield":
      if (now.state === "left") return now;
      // Without a checksum no other host can have a complete copy.
      if (now.state !== "leaving" || now.sha256 === undefined) return null;
      return { state: "left", journey: now.journey, partner: now.partner };
    case "checked":
      if (now.state === "arrived" || now.state === "here") return now;
      if (now.state !== "arriving") return null;
      return { state: "arrived", journey: now.journey, partner: now.partner };
    case "settle":
      if (now.state === "here") return now;
      return now.state === "arrived" ? { state: "here", journey: now.journey } : null;
  }
}
