import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../../../protocol/index.ts";
import type { Stores } from "../../../../proxy/index.ts";
import type { SignInSteps } from "../sign-in-steps.ts";

const SERVICE_VALUE = "passkey-challenge-key";
const CONTEXT = "postern passkey challenge 1";
const CHALLENGE_MS = 600_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 6;
const MAC_BYTES = 32;
const PLAIN_BYTES = RANDOM_BYTES + TIME_BYTES;

/**
 * Challenges for passkeys, each for one purpose, ten minutes and one use. They carry their own proof: a stranger who asks for any
 * number of them fills nothing. What was used is remembered until it has expired.
 */
export class PasskeyChallenges {
  readonly #key: Buffer;
  readonly #steps: Pick<SignInSteps, "useOnce">;
  readonly #clock: Clock;

  private constructor(key: Buffer, steps: Pick<SignInSteps, "useOnce">, clock: Clock) {
    this.#key = key;
    this.#steps = steps;
    this.#clock = clock;
  }

  /** The key is the same for all servers that share the database. */
  static async open(
    service: Stores["service"],
    steps: Pick<SignInSteps, "useOnce">,
    clock: Clock,
  ): Promise<PasskeyChallenges> {
    const text = await service.getOrCreate(SERVICE_VALUE, () => randomBytes(32).toString("base64url"));
    return new PasskeyChallenges(Buffer.from(text, "base64url"), steps, clock);
  }

  /** Random (16), end in epoch milliseconds (6), HMAC-SHA-256 (32). @param purpose what it is for, and whom */
  issue(purpose: string): Uint8Array<ArrayBuffer> {
    const plain = Buffer.alloc(PLAIN_BYTES);
    randomBytes(RANDOM_BYTES).copy(plain);
    plain.writeUIntBE(this.#clock.now() + CHALLENGE_MS, RANDOM_BYTES, TIME_BYTES);
    return Uint8Array.from([...plain, ...this.#sign(plain, purpose)]);
  }

  /** @param text base64url, as the browser returns it */
  check(text: string, purpose: string): boolean {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length !== PLAIN_BYTES + MAC_BYTES) return false;
    const plain = bytes.subarray(0, PLAIN_BYTES);
    const isOurs = timingSafeEqual(bytes.subarray(PLAIN_BYTES), this.#sign(plain, purpose));
    return isOurs && readEnd(bytes) > this.#clock.now();
  }

  /** For one that was checked. False: it was used before. */
  spend(text: string): Promise<boolean> {
    const bytes = Buffer.from(text, "base64url");
    return this.#steps.useOnce(`passkey ${bytes.toString("base64url")}`, readEnd(bytes) - this.#clock.now());
  }

  #sign(plain: Buffer, purpose: string): Buffer {
    return createHmac("sha256", this.#key).update(`${CONTEXT}\n${purpose}\n`).update(plain).digest();
  }
}

function readEnd(bytes: Buffer): number {
  return bytes.readUIntBE(RANDOM_BYTES, TIME_BYTES);
}
