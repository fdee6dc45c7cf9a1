import {
  AuthError,
  LaunchError,
  LimitError,
  RequestError,
  TimeoutError,
  UNEXPLAINED,
  isPosternError,
  type PosternError,
} from "../../protocol/index.ts";
import type { ErrorBody, SignInForm } from "../api/schemas.ts";
import { ORCHESTRATOR_ERRORS } from "../../orchestrator/index.ts";

/** What happened, why, what to do: used where the thrower has nothing better to say. */
const MESSAGES = {
  ...ORCHESTRATOR_ERRORS,
  INPUT_INVALID: "The request is not valid.",
  LOGIN_REQUIRED: "You are not signed in. Sign in and try again.",
  LOGIN_REFUSED: "The name or the password is wrong. Check both and try again.",
  LOGIN_THROTTLED: "Too many attempts. Wait a little and try again.",
  LOGIN_UNAVAILABLE:
    "The service that checks your name and password cannot be reached now. Try again in a moment, or tell an administrator.",
  LOGIN_STEP_GONE: "This sign-in took too long, or was tried too often. Begin again with your name.",
  LOGIN_RETURN_GONE: "This sign-in was not begun in this browser, or it took too long. Begin again.",
  LOGIN_DECLINED: "The other service did not sign you in. Try again there, or choose another way.",
  LOGIN_ANSWER_INVALID:
    "What the other service answered cannot be trusted, so nobody was signed in. Try again, or tell an administrator.",
  LOGIN_NOT_ADMITTED: "The other service knows you, but you may not enter here. Ask an administrator.",
  LOGOUT_TOKEN_INVALID: "This logout token is not believed.",
  ACCOUNT_REQUESTED:
    "You have asked for an account, and no administrator has answered yet. Try again later, or ask one.",
  INVITATION_GONE:
    "This invitation does not count: it was used, has expired, or was taken back. Ask for a new one.",
  INVITATION_UNKNOWN: "There is no such open invitation.",
  LIMIT_INVITATIONS: "There are too many open invitations. Revoke some first.",
  LOCAL_SIGN_IN_OFF:
    'This server has no accounts with a password of its own: the file of --sign-in does not have the provider "local".',
  MAIL_OFF: "This server has no mail server to send by. Give the person the link yourself.",
  SIGN_UP_OFF: "Nobody can ask for an account here. Ask an administrator.",
  SIGN_UP_LIMIT: "Too many people wait for an account now. Try again later, or ask an administrator.",
  SIGN_UP_UNKNOWN: "This person does not wait for an account any more.",
  LOGIN_BUSY: "Too many people sign in at once. Try again in a moment.",
  ADMIN_REQUIRED: "Your role may not do this. Ask an administrator.",
  PASSWORD_WRONG: "Your password is wrong. Type the one that you sign in with.",
  CONFIRM_REQUIRED: "Confirm first that it is you, with your password, a code or a passkey.",
  FACTOR_WRONG: "This code is wrong, or was used already. Type the next one, or a recovery code.",
  FACTOR_UNKNOWN: "There is no such factor. It may have been removed.",
  FACTOR_EXISTS: "This passkey is registered already.",
  FACTOR_LIMIT: "You have as many passkeys as you may have. Remove one first.",
  ENROLMENT_GONE: "This took too long, or was tried too often. Begin again.",
  PASSKEY_REFUSED:
    "This passkey is not known here, or its answer came too late. Try again, or choose another way.",
  PASSKEY_HOST:
    "Passkeys need a name, and this server's address is a number. Ask its administrator for a name (--advertise).",
  PASSKEY_SECOND: "Sign in with your password first: the passkey of this account is asked for after it.",
  PASSWORD_ELSEWHERE: "This account has no password here: another service checks it. Change it there.",
  ACCOUNT_SHARED:
    "Everybody who opens this page has this account. It gets no second factor and no API token, and ends nobody's login but its own.",
  USER_UNKNOWN: "There is no such account.",
  USER_EXISTS: "An account of this name exists already.",
  USER_HAS_MACHINES: "This person still has machines. Remove them first, or disable the account.",
  LAST_ADMIN: "This is the last administrator who can sign in. Make another one first.",
  GROUP_UNKNOWN: "There is no such group.",
  GROUP_EXISTS: "There is such a group already.",
  GROUP_ELSEWHERE: "A sign-in provider says who is in this group. Change it there.",
  GROUP_MEMBER_UNKNOWN: "There is no such group, or no such account.",
  GRANT_UNKNOWN: "There is no such grant.",
  GRANT_EXISTS: "There is such a grant already.",
  GRANT_HOLDER_UNKNOWN: "There is no such account, or no such group.",
  SIGN_IN_PROVIDER_UNKNOWN: "There is no such sign-in provider, or nothing of it to test.",
  CHANGED_MEANWHILE: "This was changed meanwhile. Look at it as it is now, then change it again.",
  REQUEST_OTHER: "This Idempotency-Key was used for another request. Take a new one for each.",
  REQUEST_RUNNING: "The same request is being worked on. Send it again in a moment.",
  REQUEST_TOLD_ONCE:
    "This was done already, and its secret was told then. Find it in the list, remove it and make a new one.",
  LIMIT_REQUESTS:
    "This account has sent too many requests with an Idempotency-Key in a day. Send some without one, or wait.",
  LOGIN_UNKNOWN: "There is no such login. It may have ended.",
  API_TOKEN_REFUSED: "This API token is wrong, has ended, or may not be used from here.",
  SCOPE_REQUIRED: "This API token may not do this. Make one with the scope that it needs.",
  API_TOKEN_FORBIDDEN: "No API token may do this. Sign in with your browser instead.",
  API_TOKEN_UNKNOWN: "There is no such API token. It may have ended.",
  LIMIT_API_TOKENS: "This account has as many API tokens as it may have. Revoke one first.",
  SERVICE_REQUIRED: "API tokens of another person cannot be made, only those of a service account.",
  DEVICE_LOGIN_UNKNOWN: "There is no command line that waits with this code. Look at the code again.",
  DEVICE_LOGIN_GONE: "Nobody confirmed this sign-in in time, or it was refused. Begin again.",
  DEVICE_LOGIN_LIMIT: "Too many command lines of your address wait to be confirmed. Try again in a while.",
  CROSS_SITE: "The request came from another site and was refused.",
  ROUTE_UNKNOWN: "There is nothing at this address.",
  BODY_TOO_LARGE: "The request is too large.",
  JSON_REQUIRED: "The request must be JSON (Content-Type: application/json).",
  DESKTOP_UNKNOWN: "There is no desktop of this name. List the desktops to see what is there.",
  DESKTOP_FORBIDDEN: "You may not do this with this desktop. Ask its owner, or an administrator.",
  MACHINE_FORBIDDEN: "You may not do this with this machine. Ask its owner, or an administrator.",
  DESKTOP_AMBIGUOUS: "Several desktops have this name. Say which one, as AGENT/NAME.",
  DESKTOP_IN_USE:
    "The desktop is published now, or a machine's screen. Stop its agent, or remove the machine, instead.",
  VIEWERS_OFF: "This server takes no VNC viewers. Connect in the browser instead.",
  SESSION_UNKNOWN: "There is no such open session. It may have ended.",
  AGENT_UNKNOWN: "There is no such agent, or it was revoked already.",
  AGENT_OFFLINE: "The agent is not connected. Try again when it is back.",
  AGENT_OUTDATED: "The agent cannot do this. Update it to the server's release.",
  AGENT_NOT_ROTATED: "The agent has no new key. Its old key still counts.",
  AGENT_TIMEOUT: "The agent did not answer in time. Its old key still counts.",
  ROLE_REFUSED: "This agent cannot have that role.",
  CA_ROTATING: "The CA before this one has not been retired yet. Retire it first.",
  CA_NOT_ROTATING: "There is no CA to retire. Rotate first.",
  CA_AGENTS_BEHIND: "Some agents have not been here since the CA was rotated, and do not know the new one.",
  LIMIT_TOKENS: "You have as many tokens as you may have. Revoke one, or wait until one has expired.",
  TOKEN_UNKNOWN: "There is no such token. It may have expired.",
  STATE_UNAVAILABLE: "The server cannot reach its database. Try again in a moment.",
  AUDIT_UNAVAILABLE:
    "The server cannot write its audit log, so it gives nobody anything new. Tell its administrator, and try again.",
  STREAM_LIMIT: "Too many pages of yours are open. Close some and try again.",
  PAGES_NOT_BUILT: "The pages are not built. Run: npm run build",
} as const satisfies Record<string, string>;
export type WebErrorCode = keyof typeof MESSAGES;

/** The status of every code that the REST API answers with by itself; hosts' codes have the status of their kind. */
const STATUS: Readonly<Record<WebErrorCode, number>> = {
  INPUT_INVALID: 400,
  LOGIN_REQUIRED: 401,
  LOGIN_REFUSED: 401,
  LOGIN_THROTTLED: 429,
  LOGIN_UNAVAILABLE: 503,
  LOGIN_STEP_GONE: 410,
  LOGIN_RETURN_GONE: 410,
  LOGIN_DECLINED: 401,
  LOGIN_ANSWER_INVALID: 502,
  LOGIN_NOT_ADMITTED: 403,
  LOGOUT_TOKEN_INVALID: 400,
  ACCOUNT_REQUESTED: 403,
  INVITATION_GONE: 410,
  INVITATION_UNKNOWN: 404,
  LIMIT_INVITATIONS: 403,
  LOCAL_SIGN_IN_OFF: 409,
  MAIL_OFF: 409,
  SIGN_UP_OFF: 403,
  SIGN_UP_LIMIT: 429,
  SIGN_UP_UNKNOWN: 404,
  LOGIN_BUSY: 503,
  ADMIN_REQUIRED: 403,
  PASSWORD_WRONG: 403,
  CONFIRM_REQUIRED: 403,
  FACTOR_WRONG: 403,
  FACTOR_UNKNOWN: 404,
  FACTOR_EXISTS: 409,
  FACTOR_LIMIT: 409,
  ENROLMENT_GONE: 410,
  PASSKEY_REFUSED: 403,
  PASSKEY_HOST: 409,
  PASSKEY_SECOND: 403,
  PASSWORD_ELSEWHERE: 409,
  ACCOUNT_SHARED: 403,
  USER_UNKNOWN: 404,
  USER_EXISTS: 409,
  USER_HAS_MACHINES: 409,
  LAST_ADMIN: 409,
  GROUP_UNKNOWN: 404,
  GROUP_EXISTS: 409,
  GROUP_ELSEWHERE: 409,
  GROUP_MEMBER_UNKNOWN: 404,
  GRANT_UNKNOWN: 404,
  GRANT_EXISTS: 409,
  GRANT_HOLDER_UNKNOWN: 404,
  SIGN_IN_PROVIDER_UNKNOWN: 404,
  CHANGED_MEANWHILE: 412,
  REQUEST_OTHER: 422,
  REQUEST_RUNNING: 409,
  REQUEST_TOLD_ONCE: 409,
  LIMIT_REQUESTS: 429,
  LOGIN_UNKNOWN: 404,
  API_TOKEN_REFUSED: 401,
  SCOPE_REQUIRED: 403,
  API_TOKEN_FORBIDDEN: 403,
  API_TOKEN_UNKNOWN: 404,
  LIMIT_API_TOKENS: 403,
  SERVICE_REQUIRED: 409,
  DEVICE_LOGIN_UNKNOWN: 404,
  DEVICE_LOGIN_GONE: 410,
  DEVICE_LOGIN_LIMIT: 429,
  CROSS_SITE: 403,
  ROUTE_UNKNOWN: 404,
  BODY_TOO_LARGE: 413,
  JSON_REQUIRED: 415,
  DESKTOP_UNKNOWN: 404,
  DESKTOP_FORBIDDEN: 403,
  DESKTOP_AMBIGUOUS: 409,
  DESKTOP_IN_USE: 409,
  VIEWERS_OFF: 409,
  SESSION_UNKNOWN: 404,
  AGENT_UNKNOWN: 404,
  AGENT_OFFLINE: 503,
  AGENT_OUTDATED: 409,
  AGENT_NOT_ROTATED: 409,
  AGENT_TIMEOUT: 504,
  ROLE_REFUSED: 409,
  CA_ROTATING: 409,
  CA_NOT_ROTATING: 409,
  CA_AGENTS_BEHIND: 409,
  LIMIT_TOKENS: 403,
  TOKEN_UNKNOWN: 404,
  STATE_UNAVAILABLE: 503,
  AUDIT_UNAVAILABLE: 503,
  STREAM_LIMIT: 429,
  PAGES_NOT_BUILT: 503,
  MACHINE_UNKNOWN: 404,
  MACHINE_FORBIDDEN: 403,
  MACHINE_NAME_TAKEN: 409,
  MACHINE_NOT_RUNNING: 409,
  IMAGE_UNKNOWN: 404,
  MACHINE_NOT_PLACED: 409,
  MACHINE_ONE_SHOT: 409,
  MACHINE_NOT_ONE_SHOT: 409,
  MACHINE_NO_END: 409,
  MACHINE_ENDING: 409,
  MACHINE_ELSEWHERE: 409,
  MACHINE_HAS_HOST: 409,
  EXTEND_FORBIDDEN: 403,
  HOST_OUTDATED: 409,
  HOST_AMBIGUOUS: 409,
  HOST_UNKNOWN: 404,
  LIMIT_MACHINES: 403,
  LIMIT_CPUS: 403,
  LIMIT_MEMORY: 403,
  LIMIT_DISK: 403,
  LIMIT_LIFETIME: 403,
  SCRIPT_FORBIDDEN: 403,
  CREDENTIAL_FORBIDDEN: 403,
  INTERNET_FORBIDDEN: 403,
  GPU_FORBIDDEN: 403,
  MASTER_FORBIDDEN: 403,
  IMAGE_FORBIDDEN: 403,
  IMAGE_LIMIT: 409,
  IMAGE_CHOICE: 409,
  DATA_DISK_IN_USE: 409,
  DATA_DISK_AWAY: 503,
  DISK_UNKNOWN: 404,
  DISK_HOST: 404,
  HOST_OFFLINE: 503,
  HOST_TIMEOUT: 504,
  HOST_BUSY: 503,
  HOST_REPLY: 502,
  INTERNAL: 500,
};

/** When to come back after what passes by itself. */
const RETRY_AFTER_SECONDS: Readonly<Record<string, number>> = {
  STATE_UNAVAILABLE: 2,
  AUDIT_UNAVAILABLE: 5,
  LOGIN_BUSY: 1,
  REQUEST_RUNNING: 1,
  LOGIN_UNAVAILABLE: 10,
};

/** A refusal from the catalogue; `message` replaces the catalogue's own text. */
export function refuse(code: WebErrorCode, message: string = MESSAGES[code]): RequestError {
  return RequestError.public(code, message);
}

/** More than one desktop has the name: `choices` are `AGENT/NAME` each. */
export class AmbiguousDesktop extends RequestError {
  readonly choices: readonly string[];

  constructor(choices: readonly string[]) {
    const safeMessage = MESSAGES.DESKTOP_AMBIGUOUS;
    super("DESKTOP_AMBIGUOUS", safeMessage, { safeMessage });
    this.choices = choices;
  }
}

/** A field of the request is wrong: `field` is its path, empty for the request as a whole. */
export class InputInvalid extends RequestError {
  readonly field: string;
  readonly problem: string;

  constructor(field: string, problem: string) {
    const where = field === "" ? "The request is not valid" : `"${field}" is not valid`;
    const safeMessage = `${where}: ${problem}`;
    super("INPUT_INVALID", safeMessage, { safeMessage });
    this.field = field;
    this.problem = problem;
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
  const message = error.safeMessage ?? (isWebErrorCode(error.code) ? MESSAGES[error.code] : UNEXPLAINED);
  const body: ErrorBody = { error: { code: error.code, message } };
  if (error instanceof AmbiguousDesktop) body.error.choices = [...error.choices];
  if (error instanceof InputInvalid && error.field !== "")
    body.error.field = { name: error.field, problem: error.problem };
  if (error instanceof SignInRequired) body.error.signIn = error.form;
  if (error instanceof ThrottledError)
    return { status, body, retryAfterSeconds: Math.ceil(error.retryAfterMs / 1000) };
  const retryAfterSeconds = RETRY_AFTER_SECONDS[error.code];
  return { status, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

function answer(code: WebErrorCode): ErrorAnswer {
  return { status: STATUS[code], body: { error: { code, message: MESSAGES[code] } } };
}

/** Whether a code is in the catalogue of the API. */
export function isWebErrorCode(code: string): code is WebErrorCode {
  return Object.hasOwn(MESSAGES, code);
}

function statusOf(error: PosternError): number {
  if (isWebErrorCode(error.code)) return STATUS[error.code];
  if (error instanceof RequestError) return 409;
  if (error instanceof AuthError) return 403;
  if (error instanceof LimitError) return 429;
  if (error instanceof LaunchError) return 502;
  if (error instanceof TimeoutError) return 504;
  return 500;
}

/** Fastify's own refusals of a request carry a status; everything else is a fault of the server. */
function codeOfFrameworkError(error: unknown): WebErrorCode {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 415) return "JSON_REQUIRED";
  if (status === 404) return "ROUTE_UNKNOWN";
  if (typeof status === "number" && status >= 400 && status < 500) return "INPUT_INVALID";
  return "INTERNAL";
}
