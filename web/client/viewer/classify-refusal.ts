import type { catalogues } from "../text/translations/languages.ts";
import type { DisconnectCause } from "./viewer-connection-state.ts";
import { findRefusal } from "./explain-refusal.ts";

const CAUSES: Readonly<Record<keyof typeof catalogues.en.refusals, DisconnectCause>> = {
  TOKEN_WRONG: "refused",
  TOKEN_AMBIGUOUS: "refused",
  LOGIN_REFUSED: "refused",
  LOGIN_THROTTLED: "refused",
  LOGIN_UNAVAILABLE: "serverTrouble",
  SIGN_IN_PLAIN: "refused",
  FACTOR_MISSING: "refused",
  FACTOR_BROWSER: "refused",
  TICKET_INVALID: "refused",
  SOURCE_THROTTLED: "refused",
  SERVER_BUSY: "serverTrouble",
  DESKTOP_GONE: "gone",
  TOKEN_EXPIRED: "refused",
  TOKEN_REVOKED: "refused",
  TOKEN_CHANGED: "refused",
  AGENT_REVOKED: "gone",
  USER_REMOVED: "refused",
  RIGHT_ENDED: "refused",
  LOGIN_ENDED: "refused",
  SESSION_ENDED: "sessionEnded",
  DESKTOP_OFFLINE: "hostAway",
  HOST_OFFLINE: "hostAway",
  HOST_TIMEOUT: "hostSilent",
  HOST_BUSY: "noDesktop",
  DESKTOP_UNREACHABLE: "noDesktop",
  DESKTOP_DECLINED: "refused",
  STATE_UNAVAILABLE: "serverTrouble",
  AUDIT_UNAVAILABLE: "serverTrouble",
  SERVER_STOPPING: "serverTrouble",
  INTERNAL: "serverTrouble",
};

/** What a sentence of the server means for the person; `otherwise` when it is none of those that are known. */
export function classifyRefusal(said: string | null, otherwise: DisconnectCause): DisconnectCause {
  const code = said === null ? null : findRefusal(said)?.code;
  return code ? CAUSES[code] : otherwise;
}
