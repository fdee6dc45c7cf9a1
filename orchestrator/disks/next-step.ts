import type { DiskCopy } from "../../protocol/index.ts";

/** What a journey needs next. */
export type NextStep =
  | "export"
  | "import"
  | "copy"
  | "check"
  | "yield"
  | "settle"
  | "forget"
  /** The copy that arrives is of no use: the disk stayed where it was. */
  | "drop"
  | "done"
  /** Nobody can tell which copy is the disk; nothing is touched. */
  | "stuck";

/**
 * Decides from what both hosts say alone, so that a journey goes on from wherever a crash of anybody left it.
 * @param from the copy where the disk lay; null: that host has none
 * @param to the copy where it goes
 */
export function nextStep(journey: string, from: DiskCopy | null, to: DiskCopy | null): NextStep {
  const others = [from, to].some((copy) => copy !== null && isOnOtherTransfer(journey, copy));
  if (others) return "stuck";
  if (from === null) return to?.state === "here" ? "done" : "stuck";
  switch (from.state) {
    case "here":
      if (to === null) return "export";
      return to.state === "arriving" || to.state === "arrived" ? "drop" : "stuck";
    case "leaving":
      if (from.sha256 === undefined) return "export";
      if (to === null) return "import";
      if (to.state === "arriving") return to.bytes < from.bytes ? "copy" : "check";
      return to.state === "arrived" ? "yield" : "stuck";
    case "left":
      if (to?.state === "arrived") return "settle";
      return to?.state === "here" ? "forget" : "stuck";
    default:
      return "stuck";
  }
}

/** Whether a copy is on another journey. What lies still may have come by one. */
function isOnOtherTransfer(journey: string, { state, journey: its }: DiskCopy): boolean {
  return state !== "here" && state !== "new" && its !== journey;
}
