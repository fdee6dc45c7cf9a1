import type { Logger } from "pino";
import { describeError, isPosternError, type Clock, type HostFacts } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";

/** Facts are asked for again when they are this old. */
const FRESH_MS = 3000;
/** A host that does not answer within this time is skipped. */
const PATIENCE_MS = 3000;

export type KnownHostFacts =
  | { readonly kind: "known"; readonly facts: HostFacts }
  /** A host of an older release, which has no such method. */
  | { readonly kind: "unsupported" }
  | { readonly kind: "noAnswer" };

/** The facts of the connected hosts, at most a few seconds old. */
export class HostFactsCache {
  readonly #known = new Map<string, { readonly facts: Promise<KnownHostFacts>; readonly until: number }>();
  readonly #proxy: Proxy;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(proxy: Proxy, clock: Clock, log: Logger) {
    this.#proxy = proxy;
    this.#clock = clock;
    this.#log = log;
  }

  invalidate(hostId: string): void {
    this.#known.delete(hostId);
  }

  get(hostId: string): Promise<KnownHostFacts> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(hostId);
    if (known !== undefined && now < known.until) return known.facts;
    const facts = this.#request(hostId);
    this.#known.set(hostId, { facts, until: now + FRESH_MS });
    return facts;
  }

  async #request(hostId: string): Promise<KnownHostFacts> {
    let cancel = (): void => undefined;
    const patience = new Promise<null>((resolve) => {
      cancel = this.#clock.after(PATIENCE_MS, () => {
        resolve(null);
      });
    });
    try {
      const facts = await Promise.race([this.#proxy.requestHost(hostId, "host.facts", {}), patience]);
      return facts === null ? { kind: "noAnswer" } : { kind: "known", facts };
    } catch (error) {
      if (isPosternError(error) && error.code === "METHOD_UNKNOWN") return { kind: "unsupported" };
      this.#log.warn(
        { event: "facts.failed", agentId: hostId, reason: describeError(error) },
        "a host did not say what it has",
      );
      return { kind: "noAnswer" };
    } finally {
      cancel();
    }
  }
}
