import { createHash } from "node:crypto";

const DIGITS = 6;

/** What other people than those who oversee the server are told of an owner: always the same, and nobody's name. Ids are random. */
export function pseudonymOf(userId: string): string {
  return `person-${createHash("sha256").update(userId, "utf8").digest("hex").slice(0, DIGITS)}`;
}
