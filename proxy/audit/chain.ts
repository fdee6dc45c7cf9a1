import { createHash } from "node:crypto";

/** A place in the log: a line's sequence number and the SHA-256 of its bytes without the newline, hex. */
export interface Link {
  readonly sequence: number;
  readonly hash: string;
}

/** What stands before the first line. */
export const GENESIS: Link = { sequence: 0, hash: "0".repeat(64) };

/** @param line one line without its newline */
export function hashLine(line: string | Buffer): string {
  return createHash("sha256").update(line).digest("hex");
}

export function isSameLink(one: Link, other: Link): boolean {
  return one.sequence === other.sequence && one.hash === other.hash;
}
