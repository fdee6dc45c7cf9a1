import { randomUUID } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import {
  generateSecret,
  hashSecret,
  type LoginRecord,
  type ProviderSessionRecord,
  type Stores,
  type UserRecord,
} from "../../../proxy/index.ts";

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
/** How exact the time is that a login was last used: its row is not written at every request. */
const SEEN_MS = 60_000;
const MAX_BROWSER = 120;
/** For so long after a sign-in or a confirmation nobody is asked again before what is critical. */
export const CONFIRMED_MS = 600_000;

export interface OpenLogin {
  readonly hash: string;
  readonly user: UserRecord;
  /** The person has proven who they are not long ago. */
  readonly confirmed: boolean;
}

/** Where a login comes from, for its owner to tell it from others. */
export interface LoginOrigin {
  readonly address: string | null;
  /** The `User-Agent` header. */
  readonly browser: string | null;
}

/** Logins by cookie: 256 random bits, of which only the SHA-256 is kept. */
export class Logins {
  readonly #stores: Stores;
  readonly #clock: Clock;

  constructor(stores: Stores, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /**
   * Returns the cookie's value, which is not stored.
   * @param session at another service, that it comes from
   */
  async open(userId: string, origin: LoginOrigin, session?: ProviderSessionRecord): Promise<string> {
    const cookie = generateSecret();
    const hash = hashSecret(cookie);
    await this.#create(hash, userId, origin);
    if (session !== undefined) await this.#stores.providerSessions.create(hash, session);
    return cookie;
  }

  /** A login that no browser has: of a VNC viewer, for as long as it is connected. */
  async openWithoutCookie(
    userId: string,
    origin: LoginOrigin,
  ): Promise<{ readonly hash: string; readonly expiresAt: number }> {
    const hash = hashSecret(generateSecret());
    return { hash, expiresAt: await this.#create(hash, userId, origin) };
  }

  /** Returns when it ends by itself. */
  async #create(hash: string, userId: string, { address, browser }: LoginOrigin): Promise<number> {
    const now = this.#clock.now();
    await this.#stores.logins.deleteExpired(now);
    const expiresAt = now + MAX_LOGIN_SECONDS * 1000;
    await this.#stores.logins.create(hash, {
      id: randomUUID(),
      userId,
      address,
      browser: browser === null ? null : cleanHeader(browser),
      createdAt: now,
      lastSeenAt: now,
      confirmedAt: now,
      expiresAt,
    });
    await this.#stores.users.update(userId, { lastLoginAt: now });
    return expiresAt;
  }

  async find(cookie: string | undefined): Promise<OpenLogin | null> {
    if (cookie === undefined || !COOKIE_FORM.test(cookie)) return null;
    const hash = hashSecret(cookie);
    const now = this.#clock.now();
    const login = await this.#stores.logins.find(hash, now);
    if (login === null) return null;
    const user = await this.#stores.users.find(login.userId);
    if (user === null || user.disabledAt !== null) return null;
    if (now - login.lastSeenAt >= SEEN_MS) await this.#stores.logins.touch(hash, now);
    return { hash, user, confirmed: now - login.confirmedAt < CONFIRMED_MS };
  }

  findByHash(hash: string): Promise<LoginRecord | null> {
    return this.#stores.logins.find(hash, this.#clock.now());
  }

  /** A person's logins that are open, newest first. */
  list(userId: string): Promise<LoginRecord[]> {
    return this.#stores.logins.listByUser(userId, this.#clock.now());
  }

  /** Which logins that were found before are still valid. */
  filterOpen(hashes: readonly string[]): Promise<Set<string>> {
    return this.#stores.logins.filterOpen(hashes, this.#clock.now());
  }

  async end(hash: string): Promise<void> {
    await this.#stores.logins.remove(hash);
  }
}

/** What the browser says of itself is shown to people: nothing in it may be more than plain text. */
function cleanHeader(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, MAX_BROWSER);
}
