import type { Grammar } from "../bytes/grammar.ts";
import { ProtocolError } from "../errors.ts";

/** What a repeater greets a viewer with, in place of a version. @see UltraVNC's repeater, mode II */
export const REPEATER_GREETING = Buffer.from("RFB 000.000\n", "latin1");
const REQUEST_BYTES = 250;
/** Numbers below 100 are taken for ports by some viewers. */
const NUMBER = /^ID:([1-9]\d{2,9})$/;

/**
 * The 250 bytes with which viewers and servers name what they want: `ID:NUMBER` and NULs. An address in their
 * place (mode I) would make us dial wherever a stranger says.
 * @returns the number, as it was written
 * @throws ProtocolError `REPEATER_REQUEST`
 */
export function* repeaterRequest(): Grammar<string> {
  const request = (yield REQUEST_BYTES).toString("latin1");
  const number = NUMBER.exec(request.split("\0")[0] ?? "")?.[1];
  if (number !== undefined) return number;
  throw new ProtocolError("REPEATER_REQUEST", "a repeater request that names no ID");
}
