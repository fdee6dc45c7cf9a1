import { createHash } from "node:crypto";

/** A place in the log: a line's sequence number and the SHA-256 of its bytes without the newline, hex. */
export interface ChainPosition {
  readonly sequence: number;
  readonly hash: string;
}

/** What stands before the first line. */
export const GENESIS: ChainPosition = { sequence: 0, hash: "0".repeat(64) };

/** @param line one line without its newline */
export function hashLine(line: string | Buffer): string {
  return createHash("sha256").update(line).digest("hex");
}

export function isSamePosition(one: ChainPosition, other: ChainPosition): boolean {
  return one.sequence === other.sequence && one.hash === other.hash;
}
