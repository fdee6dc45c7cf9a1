import { randomInt } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import {
  generateSecret,
  hashSecret,
  sourceKey,
  type DeviceLoginRecord,
  type Stores,
} from "../../../proxy/index.ts";
import type { ApiScope, DeviceLogin } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";

const DEVICE_LOGIN_MS = 600_000;
const POLL_SECONDS = 3;
/** Command lines that wait at once, on all servers of a database. */
const MAX_DEVICE_LOGINS = 1000;
/** The same, of one address and on this server, within {@link DEVICE_LOGIN_MS}. */
const MAX_PER_SOURCE = 20;
const MAX_DEVICE_SOURCES = 10_000;
/** Without vowels: no code is a word. */
const CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const CODE_LENGTH = 8;

/** Command lines that ask for an API token: each shows a code, and a person who is signed in types it at the page. */
export class DeviceLogins {
  readonly #store: Stores["deviceLogins"];
  readonly #clock: Clock;
  /** When each address began to count, and how many it has begun since. */
  readonly #begun = new Map<string, { readonly since: number; count: number }>();

  constructor(store: Stores["deviceLogins"], clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws RequestError `DEVICE_LOGIN_LIMIT` */
  async begin(name: string, scopes: readonly ApiScope[], address: string | null): Promise<DeviceLogin> {
    this.#count(address ?? "");
    const device = generateSecret();
    const letters = Array.from({ length: CODE_LENGTH }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]);
    const code = letters.join("");
    const now = this.#clock.now();
    const expiresAt = now + DEVICE_LOGIN_MS;
    const login = { name, scopes: [...new Set(scopes)], address, userId: null, createdAt: now, expiresAt };
    await this.#store.create(hashSecret(device), hashSecret(code), login, MAX_DEVICE_LOGINS);
    return { device, code: `${code.slice(0, 4)}-${code.slice(4)}`, expiresAt, intervalSeconds: POLL_SECONDS };
  }

  find(code: string): Promise<DeviceLoginRecord | null> {
    return this.#store.findByCode(hashCode(code), this.#clock.now());
  }

  /** Says whether it was waiting. */
  confirm(code: string, userId: string, scopes: readonly ApiScope[]): Promise<boolean> {
    return this.#store.confirm(hashCode(code), userId, [...new Set(scopes)], this.#clock.now());
  }

  refuse(code: string): Promise<boolean> {
    return this.#store.refuse(hashCode(code));
  }

  take(device: string): Promise<DeviceLoginRecord | "waiting" | null> {
    return this.#store.take(hashSecret(device), this.#clock.now());
  }

  #count(address: string): void {
    const now = this.#clock.monotonic();
    const key = sourceKey(address);
    const before = this.#begun.get(key);
    const begun =
      before !== undefined && now - before.since < DEVICE_LOGIN_MS ? before : { since: now, count: 0 };
    if (begun.count >= MAX_PER_SOURCE) throw refuse("DEVICE_LOGIN_LIMIT");
    begun.count += 1;
    this.#begun.delete(key);
    this.#begun.set(key, begun);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MAX_DEVICE_SOURCES && oldest !== undefined) this.#begun.delete(oldest);
  }
}

function hashCode(code: string): string {
  return hashSecret(code.replaceAll(/[^a-z]/gi, "").toUpperCase());
}
