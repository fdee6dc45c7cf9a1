import type { Clock } from "../../protocol/index.ts";
import { networkKey, sourceKey } from "./connection-source.ts";
import { PROXY_LIMITS } from "./proxy-limits.ts";

interface NetworkRepeats<T> {
  lines: number;
  /** What was left out since the last line. */
  suppressed: number;
  last: T;
}

interface KindWindow<T> {
  lines: number;
  readonly networks: Map<string, NetworkRepeats<T>>;
  /** What was left out of networks beyond those that are told apart. */
  others: number;
  last: T;
  readonly cancel: () => void;
}

/** So many more of a kind came; `isOneNetwork`: all of the network of `last`, else of several. */
export interface RepeatSummary<T> {
  readonly last: T;
  readonly count: number;
  readonly isOneNetwork: boolean;
}

/**
 * Keeps strangers from filling a disk with lines about themselves: in a short while a network gets some lines of a kind, all
 * networks together get some more, and the rest is told in few lines with their count.
 */
export class RepeatLimiter<T> {
  readonly #clock: Clock;
  readonly #report: (summary: RepeatSummary<T>) => void;
  readonly #windows = new Map<string, KindWindow<T>>();

  constructor(clock: Clock, report: (summary: RepeatSummary<T>) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Whether there is to be a line. False: it is only counted, and reported later.
   * @param kind from a bounded set
   */
  allows(kind: string, address: string, about: T): boolean {
    const window = this.#open(kind, about);
    const network = this.#networkOf(window, address, about);
    const isBelow = window.lines < PROXY_LIMITS.repeatLinesOfAll;
    if (network && isBelow && network.lines < PROXY_LIMITS.repeatLines) {
      network.lines += 1;
      window.lines += 1;
      return true;
    }
    this.#count(window, network, about);
    return false;
  }

  /** Counts one without a line. */
  suppress(kind: string, address: string, about: T): void {
    const window = this.#open(kind, about);
    this.#count(window, this.#networkOf(window, address, about), about);
  }

  /** Tells of all that was left out. */
  flush(): void {
    for (const kind of [...this.#windows.keys()]) this.#close(kind);
  }

  #open(kind: string, last: T): KindWindow<T> {
    const known = this.#windows.get(kind);
    if (known) return known;
    const cancel = this.#clock.after(PROXY_LIMITS.repeatMs, () => {
      this.#close(kind);
    });
    const window = { lines: 0, networks: new Map<string, NetworkRepeats<T>>(), others: 0, last, cancel };
    this.#windows.set(kind, window);
    return window;
  }

  #networkOf(window: KindWindow<T>, address: string, last: T): NetworkRepeats<T> | null {
    // One subscriber has a /64 of IPv6 for sure, and may have a whole /24 of IPv4.
    const key = address.includes(":") ? sourceKey(address) : networkKey(address);
    const known = window.networks.get(key);
    if (known) {
      known.last = last;
      return known;
    }
    if (window.networks.size >= PROXY_LIMITS.repeatNetworks) return null;
    const network = { lines: 0, suppressed: 0, last };
    window.networks.set(key, network);
    return network;
  }

  #count(window: KindWindow<T>, network: NetworkRepeats<T> | null, last: T): void {
    window.last = last;
    if (network) network.suppressed += 1;
    else window.others += 1;
  }

  #close(kind: string): void {
    const window = this.#windows.get(kind);
    if (window === undefined) return;
    this.#windows.delete(kind);
    window.cancel();
    const repeated = [...window.networks.values()].filter(({ suppressed }) => suppressed > 0);
    repeated.sort((one, other) => other.suppressed - one.suppressed);
    const single = repeated.slice(0, PROXY_LIMITS.repeatSummaries);
    for (const { last, suppressed } of single) {
      this.#report({ last, count: suppressed, isOneNetwork: true });
    }
    const rest = repeated
      .slice(single.length)
      .reduce((sum, { suppressed }) => sum + suppressed, window.others);
    if (rest > 0) this.#report({ last: window.last, count: rest, isOneNetwork: false });
  }
}
