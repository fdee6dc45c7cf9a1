import type { Grammar } from "../bytes/grammar.ts";
import { ProtocolError } from "../errors.ts";

/** A repeater's greeting to a viewer, in place of a version. @see UltraVNC's repeater, mode II */
export const REPEATER_GREETING = Buffer.from("RFB 000.000\n", "latin1");
const REQUEST_BYTES = 250;
/** Some viewers take numbers below 100 for ports. */
const NUMBER = /^ID:([1-9]\d{2,9})$/;

/**
 * The 250 bytes by which viewers and servers name their target: `ID:NUMBER` and NULs. An address instead of
 * it (mode I) is refused: the server would dial any address that an unauthenticated peer names.
 * @returns the number as text
 * @throws ProtocolError `REPEATER_REQUEST`
 */
export function* repeaterRequest(): Grammar<string> {
  const request = (yield REQUEST_BYTES).toString("latin1");
  const number = NUMBER.exec(request.split("\0")[0] ?? "")?.[1];
  if (number !== undefined) return number;
  throw new ProtocolError("REPEATER_REQUEST", "a repeater request that names no ID");
}
