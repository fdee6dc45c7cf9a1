/**
 * The error family. Every error that a peer's or a person's action can cause is one of these; anything else
 * is a bug in the product. `safeMessage` may be shown to a peer, `message` may not.
 * @see docs/errors.md
 */
export interface ErrorDetails {
  /** The text that a peer may see. Default: none, see {@link PosternError.safeMessage}. */
  readonly safeMessage?: string | null;
  readonly cause?: unknown;
  /** Placeholder values of the same sentence in another language, by name: a program's name, an amount. */
  readonly details?: Readonly<Record<string, string>>;
}

export abstract class PosternError extends Error {
  readonly code: string;
  /** The text that a peer or a person outside may see. Null: only that it failed. */
  readonly safeMessage: string | null;
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.safeMessage = details.safeMessage ?? null;
    this.details = details.details ?? {};
  }

  /** An error whose whole message may be shown: the same sentence inside and outside. */
  static public<T extends PosternError>(
    this: new (code: string, message: string, details?: ErrorDetails) => T,
    code: string,
    message: string,
    details: Omit<ErrorDetails, "safeMessage"> = {},
  ): T {
    return new this(code, message, { ...details, safeMessage: message });
  }
}

/** What is said outside about an error that has no `safeMessage`. */
export const UNEXPLAINED = "It failed. The log has the reason.";

/** The peer sent bytes that its protocol does not allow. */
export class ProtocolError extends PosternError {}
/** The peer did not prove its identity. */
export class AuthError extends PosternError {}
/** A named limit was exceeded. */
export class LimitError extends PosternError {}
/** A deadline passed. */
export class TimeoutError extends PosternError {}
/** The peer disconnected before the conversation was over. */
export class PeerClosed extends PosternError {}
/** A machine could not be made, started or stopped. */
export class LaunchError extends PosternError {}
/** An option, a file or an environment variable is wrong. */
export class ConfigError extends PosternError {}
/** The requested thing does not exist, or exists already, or is in a state that forbids the request. */
export class RequestError extends PosternError {}

export function isPosternError(error: unknown): error is PosternError {
  return error instanceof PosternError;
}

/** The text of any thrown value, for logs. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error, like `EIO`; `unknown` where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** Whether an error says that there is no such file, and nothing else. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}
