import { randomInt } from "node:crypto";

/** Digits and letters without 0 O 1 I l, which are easily confused when typed. */
export const TOKEN_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** VNC passwords are truncated after 8 characters. */
export const TOKEN_LENGTH = 8;

/** A new access token: 8 characters, 57^8 possibilities (46 bit), uniform, from the CSPRNG. */
export function generateToken(): string {
  let token = "";
  for (let i = 0; i < TOKEN_LENGTH; i++) token += TOKEN_ALPHABET.charAt(randomInt(TOKEN_ALPHABET.length));
  return token;
}
