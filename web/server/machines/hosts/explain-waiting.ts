import type { TriedHost } from "../../../../proxy/index.ts";
import type { Field } from "./hosts.ts";
import type { Unfit } from "./judge-host.ts";

/** A host that was considered or asked; `asked`: it refused by itself. */
export interface Verdict extends Unfit {
  readonly host: string;
  readonly asked: boolean;
}

export interface Outcome {
  /** `failed`: no host that is there can ever take it. */
  readonly state: "queued" | "failed";
  readonly reason: string;
  readonly tried: readonly TriedHost[];
}

/** Code-like words of {@link Verdict.why} that mean: nobody could ask. */
export const UNANSWERED = "A host did not answer. It is asked again shortly.";

/** What becomes of a machine that no host took, and what its owner is told. */
export function explainWaiting(image: string, field: Field, verdicts: readonly Verdict[]): Outcome {
  const tried = [...verdicts.map(({ host, why }) => ({ host, why })), ...field.down];
  const state = verdicts.length > 0 && verdicts.every(({ never }) => never) ? "failed" : "queued";
  return { state, reason: explain(image, field, verdicts), tried };
}

function explain(image: string, { candidates }: Field, verdicts: readonly Verdict[]): string {
  if (candidates.length === 0) return "No host is connected. The machine starts as soon as one is.";
  const offering = candidates.filter((host) => typeof host.image === "object" && host.image !== null);
  if (offering.every((host) => typeof host.image !== "object" || host.image?.available !== true)) {
    const missing = offering.find((host) => typeof host.image === "object" && host.image?.reason)?.image;
    if (typeof missing === "object" && missing?.reason !== undefined) return missing.reason;
    if (candidates.some((host) => host.image === "silent")) return UNANSWERED;
    return `No connected host offers ${image}. The machine starts as soon as one does.`;
  }
  const refusal = verdicts.findLast(({ asked, never }) => asked && never);
  if (refusal !== undefined) return refusal.why;
  const put = verdicts.findLast(({ asked }) => asked);
  if (put !== undefined) return put.why;
  if (verdicts.every(({ never }) => never)) return "No host is large enough for it. Choose less.";
  return "No host has room for it now. It starts as soon as one has.";
}
