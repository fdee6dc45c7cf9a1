import type { Logger } from "pino";
import { describeError, isPosternError, type Clock, type HostFacts } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { HostPatience } from "./host-patience.ts";

/** Facts are asked for again when they are this old. */
const FRESH_MS = 3000;

export type KnownHostFacts =
  | { readonly kind: "known"; readonly facts: HostFacts }
  /** A host of an older release, which has no such method. */
  | { readonly kind: "unsupported" }
  | { readonly kind: "noAnswer" };

interface HostFactsContext {
  readonly proxy: Proxy;
  readonly patience: HostPatience;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The facts of the connected hosts, at most a few seconds old. */
export class HostFactsCache {
  readonly #known = new Map<string, { readonly facts: Promise<KnownHostFacts>; readonly until: number }>();
  readonly #context: HostFactsContext;

  constructor(context: HostFactsContext) {
    this.#context = context;
  }

  invalidate(hostId: string): void {
    this.#known.delete(hostId);
  }

  get(hostId: string): Promise<KnownHostFacts> {
    const now = this.#context.clock.monotonic();
    const known = this.#known.get(hostId);
    if (known !== undefined && now < known.until) return known.facts;
    const facts = this.#request(hostId);
    this.#known.set(hostId, { facts, until: now + FRESH_MS });
    return facts;
  }

  async #request(hostId: string): Promise<KnownHostFacts> {
    const { proxy, patience, log } = this.#context;
    try {
      const facts = await patience.wait(hostId, proxy.requestHost(hostId, "host.facts", {}));
      return facts === null ? { kind: "noAnswer" } : { kind: "known", facts };
    } catch (error) {
      if (isPosternError(error) && error.code === "METHOD_UNKNOWN") return { kind: "unsupported" };
      log.warn(
        { event: "facts.failed", agentId: hostId, reason: describeError(error) },
        "a host did not say what it has",
      );
      return { kind: "noAnswer" };
    }
  }
}
