import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { ConcurrencyLimit, type Familiarity } from "./concurrency-limit.ts";

/** 32 MiB and some 60 ms each: `ln` is the logarithm of N. */
const COST = { ln: 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORMAT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]+)\$([\w-]+)$/;

/** Instead of a hash: another sign-in provider knows this account, it has no password here. */
export const NO_PASSWORD = "";

/** Hashes that run at once: each takes a thread of the pool and 32 MiB. */
const MAX_HASHES_RUNNING = 2;
/** Sign-ins that wait for one of them. */
const MAX_HASHES_WAITING = 32;

interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** Hashes and checks passwords with scrypt, a bounded number at a time. */
export class Passwords {
  readonly #limit = new ConcurrencyLimit({ running: MAX_HASHES_RUNNING, waiting: MAX_HASHES_WAITING });
  #decoy: string | null = null;

  /** `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64url. @throws RequestError `LOGIN_BUSY` */
  async hash(password: string, who: Familiarity = "known"): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.#limit.run(() => deriveKey(password, salt, COST, HASH_BYTES), who);
    const { ln, r, p } = COST;
    return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
  }

  /**
   * Whether `password` belongs to `stored`. With `stored` null (no such account) it takes as long and returns false.
   * @throws RequestError `LOGIN_BUSY`
   */
  async verify(password: string, stored: string | null, who?: Familiarity): Promise<boolean> {
    this.#decoy ??= `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${randomBytes(SALT_BYTES).toString("base64url")}$${randomBytes(HASH_BYTES).toString("base64url")}`;
    const [, ln, r, p, salt, hash] = FORMAT.exec(stored ?? this.#decoy) ?? [];
    if (salt === undefined || hash === undefined) return false;
    const expected = Buffer.from(hash, "base64url");
    const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
    const derive = () => deriveKey(password, Buffer.from(salt, "base64url"), cost, expected.length);
    const actual = await this.#limit.run(derive, who);
    return timingSafeEqual(actual, expected) && stored !== null;
  }
}

function deriveKey(password: string, salt: Buffer, cost: Cost, length: number): Promise<Buffer> {
  const N = 2 ** cost.ln;
  const options = { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, length, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
