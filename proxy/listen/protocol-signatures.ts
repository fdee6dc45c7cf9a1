/** First byte of a TLS record that carries a ClientHello. */
const TLS_HANDSHAKE = 0x16;
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;

export function isTls(first: Buffer): boolean {
  return first[0] === TLS_HANDSHAKE;
}

/** Every method of HTTP begins with a capital letter. */
export function isHttp(first: Buffer): boolean {
  const [byte = 0] = first;
  return byte >= LETTER_A && byte <= LETTER_Z;
}
