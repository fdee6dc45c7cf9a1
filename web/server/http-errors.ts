import {
  AuthError,
  LaunchError,
  LimitError,
  RequestError,
  TimeoutError,
  isPosternError,
  type PosternError,
} from "../../protocol/index.ts";
import type { ErrorBody, SignInForm } from "../api/schemas.ts";
import { MACHINE_ERRORS } from "../../orchestrator/machine-errors.ts";

interface CatalogueEntry {
  readonly status: number;
  /** What happened, why, what to do: used where the thrower has nothing better to say. */
  readonly message: string;
}

/** Every code that the REST API answers with by itself; hosts' codes pass through with the status of their kind. */
const CATALOGUE = {
  INPUT_INVALID: { status: 400, message: "The request is not valid." },
  LOGIN_REQUIRED: { status: 401, message: "You are not signed in. Sign in and try again." },
  LOGIN_REFUSED: { status: 401, message: "The name or the password is wrong. Check both and try again." },
  LOGIN_THROTTLED: { status: 429, message: "Too many attempts. Wait a little and try again." },
  LOGIN_BUSY: { status: 503, message: "Too many people sign in at once. Try again in a moment." },
  ADMIN_REQUIRED: { status: 403, message: "Only administrators may do this." },
  CROSS_SITE: { status: 403, message: "The request came from another site and was refused." },
  ROUTE_UNKNOWN: { status: 404, message: "There is nothing at this address." },
  BODY_TOO_LARGE: { status: 413, message: "The request is too large." },
  JSON_REQUIRED: { status: 415, message: "The request must be JSON (Content-Type: application/json)." },
  DESKTOP_UNKNOWN: {
    status: 404,
    message: "There is no desktop of this name. List the desktops to see what is there.",
  },
  DESKTOP_AMBIGUOUS: {
    status: 409,
    message: "Several desktops have this name. Say which one, as AGENT/NAME.",
  },
  VIEWERS_OFF: {
    status: 409,
    message: "This server takes no VNC viewers. Connect in the browser instead.",
  },
  MACHINE_UNKNOWN: { status: 404, message: "There is no such machine. It may have been deleted." },
  MACHINE_NAME_TAKEN: { status: 409, message: "A machine of this name exists already. Choose another name." },
  MACHINE_NOT_RUNNING: {
    status: 409,
    message: "The machine is not running, so it has no screen. Start it first.",
  },
  IMAGE_UNKNOWN: { status: 404, message: "No host offers this image. List the images to see what is there." },
  ...MACHINE_ERRORS,
  DISK_UNKNOWN: {
    status: 404,
    message: "There is no such data disk on a host that is connected. List the disks to see what is there.",
  },
  DISK_HOST: { status: 404, message: "There is no other host of this name that is connected." },
  SESSION_UNKNOWN: { status: 404, message: "There is no such open session. It may have ended." },
  AGENT_UNKNOWN: { status: 404, message: "There is no such agent, or it was revoked already." },
  AGENT_OFFLINE: { status: 503, message: "The agent is not connected. Try again when it is back." },
  AGENT_OUTDATED: { status: 409, message: "The agent cannot do this. Update it to the server's release." },
  AGENT_NOT_ROTATED: { status: 409, message: "The agent has no new key. Its old key still counts." },
  AGENT_TIMEOUT: { status: 504, message: "The agent did not answer in time. Its old key still counts." },
  CA_ROTATING: { status: 409, message: "The CA before this one has not been retired yet. Retire it first." },
  CA_NOT_ROTATING: { status: 409, message: "There is no CA to retire. Rotate first." },
  CA_AGENTS_BEHIND: {
    status: 409,
    message: "Some agents have not been here since the CA was rotated, and do not know the new one.",
  },
  TOKEN_UNKNOWN: { status: 404, message: "There is no such token. It may have expired." },
  HOST_OFFLINE: { status: 503, message: "The machine's host is not connected. Try again when it is back." },
  HOST_TIMEOUT: { status: 504, message: "The machine's host did not answer in time. Try again in a moment." },
  HOST_BUSY: { status: 503, message: "The host has too much to do. Try again in a moment." },
  HOST_REPLY: { status: 502, message: "The host gave an answer that this server does not understand." },
  STREAM_LIMIT: { status: 429, message: "Too many pages of yours are open. Close some and try again." },
  PAGES_NOT_BUILT: { status: 503, message: "The pages are not built. Run: npm run build" },
  INTERNAL: { status: 500, message: "Something went wrong on the server. Its log says what." },
} as const satisfies Record<string, CatalogueEntry>;
export type WebErrorCode = keyof typeof CATALOGUE;

/** A refusal from the catalogue; `message` says it better than the catalogue's own text. */
export function refuse(code: WebErrorCode, message: string = CATALOGUE[code].message): RequestError {
  return RequestError.public(code, message);
}

/** More than one desktop has the name: `choices` are `AGENT/NAME` each. */
export class AmbiguousDesktop extends RequestError {
  readonly choices: readonly string[];

  constructor(choices: readonly string[]) {
    const safeMessage = CATALOGUE.DESKTOP_AMBIGUOUS.message;
    super("DESKTOP_AMBIGUOUS", safeMessage, { safeMessage });
    this.choices = choices;
  }
}

/** There is no login; `form` is what the sign-in page shows. */
export class SignInRequired extends RequestError {
  readonly form: SignInForm;

  constructor(form: SignInForm) {
    const { code, message, safeMessage } = refuse("LOGIN_REQUIRED");
    super(code, message, { safeMessage });
    this.form = form;
  }
}

/** Too many guesses: come back after `retryAfterMs`. */
export class ThrottledError extends LimitError {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    const seconds = Math.ceil(retryAfterMs / 1000);
    const safeMessage = `Too many attempts. Try again in ${seconds} s.`;
    super("LOGIN_THROTTLED", "login throttled", { safeMessage });
    this.retryAfterMs = retryAfterMs;
  }
}

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterSeconds?: number;
}

/** What a caller is told about anything that was thrown. */
export function describeForCaller(error: unknown): ErrorAnswer {
  if (!isPosternError(error)) return answer(codeOfFrameworkError(error));
  const status = statusOf(error);
  if (status === 500) return answer("INTERNAL");
  const entry = entryOf(error.code);
  const message = error.safeMessage ?? entry?.message ?? error.message;
  const body: ErrorBody = { error: { code: error.code, message } };
  if (error instanceof AmbiguousDesktop) body.error.choices = [...error.choices];
  if (error instanceof SignInRequired) body.error.signIn = error.form;
  if (error instanceof ThrottledError)
    return { status, body, retryAfterSeconds: Math.ceil(error.retryAfterMs / 1000) };
  return { status, body };
}

function answer(code: WebErrorCode): ErrorAnswer {
  const { status, message } = CATALOGUE[code];
  return { status, body: { error: { code, message } } };
}

function entryOf(code: string): CatalogueEntry | undefined {
  return Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code as WebErrorCode] : undefined;
}

function statusOf(error: PosternError): number {
  const entry = entryOf(error.code);
  if (entry !== undefined) return entry.status;
  if (error instanceof RequestError) return 409;
  if (error instanceof AuthError) return 403;
  if (error instanceof LimitError) return 429;
  if (error instanceof LaunchError) return 502;
  if (error instanceof TimeoutError) return 504;
  return 500;
}

/** Fastify's own refusals of a request carry a status; everything else is a fault of ours. */
function codeOfFrameworkError(error: unknown): WebErrorCode {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 415) return "JSON_REQUIRED";
  if (status === 404) return "ROUTE_UNKNOWN";
  if (typeof status === "number" && status >= 400 && status < 500) return "INPUT_INVALID";
  return "INTERNAL";
}
