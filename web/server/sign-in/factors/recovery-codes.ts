import { createHash, randomInt } from "node:crypto";

const CODES = 10;
/** Base32 of RFC 4648: five bits each. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const CODE_LENGTH = 16;
const CODE_FORM = new RegExp(`^[${ALPHABET}]{${CODE_LENGTH}}$`);

/** Ten codes of 80 random bits, in groups of four. */
export function makeRecoveryCodes(): string[] {
  return Array.from({ length: CODES }, makeCode);
}

/** What is kept of a code. Null: this is none. 80 bits cannot be guessed from it, so that no slow hash is needed. */
export function hashRecoveryCode(text: string): string | null {
  const code = text.toLowerCase().replaceAll(/[\s-]/g, "");
  return CODE_FORM.test(code) ? createHash("sha256").update(code).digest("hex") : null;
}

function makeCode(): string {
  const letters = Array.from({ length: CODE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return letters.replaceAll(/.{4}(?=.)/g, "$&-");
}
