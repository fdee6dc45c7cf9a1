import { RequestError } from "../../protocol/index.ts";

/** What gives a right waits for its line, and this one cannot be written. */
export function auditUnavailable(cause?: unknown): RequestError {
  const text =
    "The server cannot write its audit log, so it gives nobody anything new. Tell its administrator, and try again.";
  return RequestError.public("AUDIT_UNAVAILABLE", text, { cause });
}
