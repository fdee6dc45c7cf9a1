import type { SignInForm } from "../../api/schemas.ts";
import type { Text } from "../text/catalogues.ts";

/** A request that the server refused, or that never reached it (`NETWORK`). */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** When the server will listen again; null: it did not say. */
  readonly retryAfterSeconds: number | null;
  /** How to sign in, with `LOGIN_REQUIRED`. */
  readonly signIn: SignInForm | null;

  constructor(
    code: string,
    status: number,
    message: string,
    options: ErrorOptions & {
      readonly retryAfterSeconds?: number | null;
      readonly signIn?: SignInForm | null;
    } = {},
  ) {
    super(message, options);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.signIn = options.signIn ?? null;
  }
}

/** What to tell the person: our sentence in their language if we have one, else the server's. */
export function explainError(error: unknown, text: Text): string {
  const unknown = text.errors["UNKNOWN"] ?? "";
  if (!(error instanceof ApiError)) return unknown;
  if (error.code === "LOGIN_THROTTLED" && error.retryAfterSeconds !== null)
    return text.signIn.throttled(error.retryAfterSeconds);
  return text.errors[error.code] ?? (error.message === "" ? unknown : error.message);
}
