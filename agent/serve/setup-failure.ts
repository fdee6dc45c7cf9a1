import {
  isPosternError,
  PeerClosed,
  PosternError,
  SETUP_CODES,
  TimeoutError,
  type SetupCode,
} from "../../protocol/index.ts";

/** Carries a code of the list; the cause is only logged on this host. */
export class SetupFailure extends PosternError {
  readonly setupCode: SetupCode;

  constructor(setupCode: SetupCode, cause?: unknown) {
    super(setupCode, cause instanceof Error ? `${setupCode}: ${cause.message}` : setupCode, { cause });
    this.setupCode = setupCode;
  }
}

/** An error while connecting to a desktop's VNC server → a code of the list. */
export function classifyServerFailure(error: unknown): SetupCode {
  if (!isPosternError(error)) return "SERVER_PROTOCOL";
  const named = SETUP_CODES.find((code) => code === error.code);
  if (named) return named;
  if (error instanceof TimeoutError) return "ENDPOINT_TIMEOUT";
  const turnedAway = error instanceof PeerClosed || error.code === "SERVER_REFUSED";
  return turnedAway ? "ENDPOINT_REFUSED" : "SERVER_PROTOCOL";
}
