import type { MachineCause } from "../../protocol/index.ts";
import type { TriedHost } from "../../proxy/index.ts";
import type { CandidateSurvey } from "./candidate-collector.ts";
import type { Rejection, StatusReason } from "./check-host.ts";

/** A host that was considered or asked; `asked`: it refused by itself. */
export interface HostRejection extends Rejection {
  readonly host: string;
  readonly asked: boolean;
  /** What it refused with. */
  readonly cause?: MachineCause;
}

export interface UnplacedStatus extends StatusReason {
  /** `failed`: no host that is there can ever take it. */
  readonly state: "queued" | "failed";
  readonly tried: readonly TriedHost[];
}

/** Code-like words of {@link HostRejection.why} that mean: nobody could ask. */
export const UNANSWERED = "A host did not answer. It is asked again shortly.";
const HOST_SILENT = statusReason("HOST_SILENT", UNANSWERED);

/** What becomes of a machine that no host took, and what its owner is told. */
export function explainWaiting(
  image: string,
  field: CandidateSurvey,
  verdicts: readonly HostRejection[],
): UnplacedStatus {
  const tried = [...verdicts.map(({ host, why }) => ({ host, why })), ...field.down];
  const state = verdicts.length > 0 && verdicts.every(({ permanent: never }) => never) ? "failed" : "queued";
  return { state, ...explain(image, field, verdicts), tried };
}

function explain(
  image: string,
  { candidates }: CandidateSurvey,
  verdicts: readonly HostRejection[],
): StatusReason {
  if (candidates.length === 0)
    return statusReason("NO_HOST", "No host is connected. The machine starts as soon as one is.");
  const offering = candidates.filter((host) => typeof host.image === "object" && host.image !== null);
  if (offering.every((host) => typeof host.image !== "object" || host.image?.available !== true)) {
    const missing = offering.find((host) => typeof host.image === "object" && host.image?.reason)?.image;
    if (typeof missing === "object" && missing?.reason !== undefined)
      return { reason: missing.reason, cause: null };
    if (candidates.some((host) => host.image === "silent")) return HOST_SILENT;
    return statusReason(
      "NO_HOST_OFFERS",
      `No connected host offers ${image}. The machine starts as soon as one does.`,
      {
        image,
      },
    );
  }
  const refusal = verdicts.findLast(({ asked, permanent: never }) => asked && never);
  if (refusal !== undefined) return { reason: refusal.why, cause: refusal.cause ?? null };
  const passing = verdicts.findLast(({ asked, why }) => asked && why !== UNANSWERED);
  if (passing !== undefined) return { reason: passing.why, cause: passing.cause ?? null };
  if (verdicts.some(({ asked }) => asked)) return HOST_SILENT;
  if (verdicts.every(({ permanent: never }) => never))
    return statusReason("NO_HOST_FITS", "No host is large enough for it. Choose less.");
  return statusReason("NO_HOST_ROOM", "No host has room for it now. It starts as soon as one has.");
}

function statusReason(
  code: string,
  reason: string,
  details: Readonly<Record<string, string>> = {},
): StatusReason {
  return { reason, cause: { code, details } };
}
