import { createHash } from "node:crypto";
import { hasDisplay, type Clock } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import { orchestratorError } from "../orchestrator-errors.ts";

/** The viewers of one machine share a picture that is at most this old. */
const FRESH_MS = 1000;
const MAX_PICTURES = 256;
/** A host decides how large its pictures are. */
const MAX_PICTURE_BYTES = 33_554_432;

export interface CachedScreenshot {
  readonly png: Buffer;
  /** As the ETag header has it, quotes included. */
  readonly etag: string;
}

interface CacheEntry {
  readonly screenshot: Promise<CachedScreenshot>;
  freshUntil: number;
  /** 0 until it has come. */
  bytes: number;
}

/** Pictures of machines' screens, requested from their hosts at most once a second per machine and width. */
export class ScreenshotCache {
  readonly #entries = new Map<string, CacheEntry>();
  readonly #proxy: Proxy;
  readonly #clock: Clock;

  constructor(proxy: Proxy, clock: Clock) {
    this.#proxy = proxy;
    this.#clock = clock;
  }

  /** @throws RequestError `MACHINE_NOT_RUNNING`, `HOST_OFFLINE`; TimeoutError `HOST_TIMEOUT` */
  async get({ id, agentId, state }: MachineRecord, width: number): Promise<CachedScreenshot> {
    if (agentId === null || !hasDisplay(state)) throw orchestratorError("MACHINE_NOT_RUNNING");
    const key = `${id} ${width}`;
    const known = this.#entries.get(key);
    if (known !== undefined && this.#clock.monotonic() < known.freshUntil) return known.screenshot;
    this.#entries.delete(key);
    const entry: CacheEntry = {
      screenshot: this.#request(agentId, id, width),
      freshUntil: Infinity,
      bytes: 0,
    };
    this.#entries.set(key, entry);
    this.#evict();
    try {
      const picture = await entry.screenshot;
      entry.freshUntil = this.#clock.monotonic() + FRESH_MS;
      entry.bytes = picture.png.length;
      this.#evict();
      return picture;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  async #request(agentId: string, id: string, maxWidth: number): Promise<CachedScreenshot> {
    const shot = await this.#proxy.requestHost(agentId, "machine.screenshot", { id, maxWidth });
    const png = Buffer.from(shot.png, "base64");
    const etag = `"${createHash("sha256").update(png).digest("base64url").slice(0, 22)}"`;
    return { png, etag };
  }

  #evict(): void {
    const now = this.#clock.monotonic();
    let bytes = 0;
    for (const entry of this.#entries.values()) bytes += entry.bytes;
    for (const [key, entry] of this.#entries) {
      const stale = entry.freshUntil <= now;
      if (!stale && this.#entries.size <= MAX_PICTURES && bytes <= MAX_PICTURE_BYTES) continue;
      this.#entries.delete(key);
      bytes -= entry.bytes;
    }
  }
}
