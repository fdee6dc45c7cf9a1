import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { foldName } from "../../../protocol/index.ts";
import type { Stores } from "../../../proxy/index.ts";

export const DEVICE_COOKIE = "__Host-postern-device";
export const DEVICE_COOKIE_OPTIONS = {
  path: "/",
  httpOnly: true,
  secure: true,
  sameSite: "strict",
  maxAge: 365 * 86_400,
} as const;

const SERVICE_VALUE = "device-key";
const CONTEXT = "postern device 1";
const ID_BYTES = 16;
const COOKIE_FORM = /^([\w-]{22})\.([\w-]{43})$/;

/**
 * Browsers that an account has signed in from before, told by a cookie that outlives the login. It gives no access: it only keeps
 * a person from sharing the wait that strangers cause by guessing the account's password. Nothing of it is stored but the key.
 */
export class Devices {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /** The key is the same for all servers that share the database. */
  static async open(service: Stores["service"]): Promise<Devices> {
    const text = await service.getOrCreate(SERVICE_VALUE, () => randomBytes(32).toString("base64url"));
    return new Devices(Buffer.from(text, "base64url"));
  }

  /** The device's id, if the cookie is this account's; null: it is none. */
  find(cookie: string | undefined, account: string): string | null {
    const [, id, mac] = COOKIE_FORM.exec(cookie ?? "") ?? [];
    if (id === undefined || mac === undefined) return null;
    return timingSafeEqual(Buffer.from(mac), Buffer.from(this.#sign(id, account))) ? id : null;
  }

  /** The cookie for a browser that the account has signed in from. */
  issue(account: string, id = randomBytes(ID_BYTES).toString("base64url")): string {
    return `${id}.${this.#sign(id, account)}`;
  }

  #sign(id: string, account: string): string {
    const name = foldName(account);
    return createHmac("sha256", this.#key).update(`${CONTEXT}\n${id}\n${name}`).digest("base64url");
  }
}
