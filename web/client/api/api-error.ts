import type { Text } from "../text/catalogues.ts";

/** A request that the server refused, or that never reached it (`NETWORK`). */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** What to tell the person: our sentence in their language if we have one, else the server's. */
export function explainError(error: unknown, text: Text): string {
  const unknown = text.errors["UNKNOWN"] ?? "";
  if (!(error instanceof ApiError)) return unknown;
  return text.errors[error.code] ?? (error.message === "" ? unknown : error.message);
}
