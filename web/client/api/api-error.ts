import type { SignInForm } from "../../api/schemas.ts";

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
