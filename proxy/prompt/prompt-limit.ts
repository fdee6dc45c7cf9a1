import { networkKey } from "../model/connection-source.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";

interface PromptLimits {
  readonly perNetwork: number;
  readonly total: number;
}

/** How many sign-in screens there are: of one network, and in all. */
export class PromptLimit {
  readonly #byNetwork = new Map<string, number>();
  readonly #limits: PromptLimits;
  #total = 0;

  constructor(
    limits: PromptLimits = {
      perNetwork: PROXY_LIMITS.promptsPerNetwork,
      total: PROXY_LIMITS.promptsTotal,
    },
  ) {
    this.#limits = limits;
  }

  /** The returned function gives the place back; idempotent. @throws ViewerRefusal `SERVER_BUSY` */
  take(address: string): () => void {
    const network = networkKey(address);
    const count = this.#byNetwork.get(network) ?? 0;
    if (count >= this.#limits.perNetwork || this.#total >= this.#limits.total)
      throw new ViewerRefusal("SERVER_BUSY");
    this.#byNetwork.set(network, count + 1);
    this.#total += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#total -= 1;
      const left = (this.#byNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.#byNetwork.set(network, left);
      else this.#byNetwork.delete(network);
    };
  }
}
