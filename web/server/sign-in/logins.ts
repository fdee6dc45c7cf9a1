import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import type { Stores, UserRecord } from "../../../proxy/index.ts";

/** `__Host-`: only over TLS, only for this host, for the whole site. */
export const LOGIN_COOKIE = "__Host-postern";
const MAX_LOGIN_SECONDS = 12 * 3600;
export const LOGIN_COOKIE_OPTIONS = {
  path: "/",
  httpOnly: true,
  secure: true,
  sameSite: "strict",
  maxAge: MAX_LOGIN_SECONDS,
} as const;

const COOKIE_FORM = /^[\w-]{43}$/;

export interface OpenLogin {
  readonly hash: string;
  readonly user: UserRecord;
}

/** Logins by cookie: 256 random bits, of which only the SHA-256 is kept. */
export class Logins {
  readonly #stores: Stores;
  readonly #clock: Clock;

  constructor(stores: Stores, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /** Returns the cookie's value, which is not stored. */
  async open(userId: string): Promise<string> {
    const cookie = randomBytes(32).toString("base64url");
    const now = this.#clock.now();
    await this.#stores.logins.deleteExpired(now);
    await this.#stores.logins.create(hashCookie(cookie), {
      userId,
      createdAt: now,
      expiresAt: now + MAX_LOGIN_SECONDS * 1000,
    });
    return cookie;
  }

  async find(cookie: string | undefined): Promise<OpenLogin | null> {
    if (cookie === undefined || !COOKIE_FORM.test(cookie)) return null;
    const hash = hashCookie(cookie);
    const login = await this.#stores.logins.find(hash, this.#clock.now());
    if (login === null) return null;
    const user = await this.#stores.users.find(login.userId);
    return user === null || user.disabledAt !== null ? null : { hash, user };
  }

  /** Which logins that were found before are still valid. */
  filterOpen(hashes: readonly string[]): Promise<Set<string>> {
    return this.#stores.logins.filterOpen(hashes, this.#clock.now());
  }

  async end(hash: string): Promise<void> {
    await this.#stores.logins.remove(hash);
  }
}

function hashCookie(cookie: string): string {
  return createHash("sha256").update(cookie).digest("hex");
}
