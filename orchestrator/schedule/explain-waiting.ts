import type { CandidateSurvey, HostRejection, StatusReason, WaitingStatus } from "./candidate.ts";

/** What an owner is told about a host that did not answer. */
export const UNANSWERED = "A host did not answer. It is asked again shortly.";
const HOST_SILENT = statusReason("HOST_SILENT", UNANSWERED);

/** The status of a machine that no host took. It `failed` if every connected host rejects it for good. */
export function explainWaiting(
  image: string,
  survey: CandidateSurvey,
  rejections: readonly HostRejection[],
): WaitingStatus {
  const tried = [...rejections.map(({ host, why }) => ({ host, why })), ...survey.down];
  if (isNowhere(survey)) {
    const text = `No host has the image ${image}, and neither has the server. Choose another one.`;
    return { state: "failed", ...statusReason("IMAGE_NOWHERE", text, { image }), progress: null, tried };
  }
  const isHopeless = rejections.length > 0 && rejections.every(isFinal);
  // Other servers' hosts may take what those that are connected here cannot.
  const state = isHopeless && !survey.onOtherServers ? "failed" : "queued";
  return { state, ...explain(image, survey, rejections), progress: null, tried };
}

/** Everybody who could have the image is here, and says that they do not. */
function isNowhere({ candidates, down, isServed, onOtherServers }: CandidateSurvey): boolean {
  return (
    candidates.length > 0 &&
    !isServed &&
    down.length === 0 &&
    !onOtherServers &&
    candidates.every((host) => host.image.kind === "notOffered")
  );
}

function explain(
  image: string,
  { candidates }: CandidateSurvey,
  rejections: readonly HostRejection[],
): StatusReason {
  if (candidates.length === 0)
    return statusReason("NO_HOST", "No host is connected. The machine starts as soon as one is.");
  const offered = candidates.flatMap((host) => (host.image.kind === "offered" ? [host.image.image] : []));
  if (!offered.some(({ available }) => available)) {
    const reason = offered.map((summary) => summary.reason).find((text) => text !== undefined && text !== "");
    if (reason !== undefined) return { reason, cause: null };
    if (candidates.some((host) => host.image.kind === "noAnswer")) return HOST_SILENT;
    const text = `No connected host offers ${image}. The machine starts as soon as one does.`;
    return statusReason("NO_HOST_OFFERS", text, { image });
  }
  const asked = rejections.filter((rejection) => rejection.asked);
  const told = asked.findLast(isFinal) ?? asked.findLast(({ kind }) => kind !== "noAnswer");
  if (told !== undefined) return { reason: told.why, cause: told.cause ?? null };
  if (asked.length > 0) return HOST_SILENT;
  if (rejections.every(isFinal))
    return statusReason("NO_HOST_FITS", "No host is large enough for it. Choose less.");
  return statusReason("NO_HOST_ROOM", "No host has room for it now. It starts as soon as one has.");
}

function isFinal({ kind }: HostRejection): boolean {
  return kind === "never";
}

function statusReason(
  code: string,
  reason: string,
  details: Readonly<Record<string, string>> = {},
): StatusReason {
  return { reason, cause: { code, details } };
}
