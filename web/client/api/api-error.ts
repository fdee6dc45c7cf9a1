import type { SignInForm } from "../../api/schemas.ts";

/** A request that the server refused, or that did not reach it (`NETWORK`). */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** When a retry is allowed. Null: the server gave no time. */
  readonly retryAfterSeconds: number | null;
  /** The sign-in form, with `LOGIN_REQUIRED`. */
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
