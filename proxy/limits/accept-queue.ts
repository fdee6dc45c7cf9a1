import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { SliceTiming } from "./slice-timing.ts";

/** What one network has waiting. */
interface Line {
  readonly waiting: (() => void)[];
  next: number;
}

/**
 * Does what newcomers cost (a TLS handshake, a request) one after the other, for a short time in each turn of the event loop.
 * Such a step costs as much as hundreds of packets of a running session: thousands at once would delay those. Networks take
 * turns, so that one that brings many holds up itself.
 */
export class AcceptQueue {
  readonly #timing: SliceTiming;
  /** By network; the one whose turn it is comes first. */
  readonly #lines = new Map<string, Line>();
  #running = false;

  constructor(timing: SliceTiming) {
    this.#timing = timing;
  }

  /**
   * Calls `accept` now if this turn has time left, else in a later one; of one network in the order of calls. It must
   * not throw.
   */
  enqueue(accept: () => void, network = ""): void {
    const line = this.#lines.get(network);
    if (line) line.waiting.push(accept);
    else this.#lines.set(network, { waiting: [accept], next: 0 });
    if (this.#running) return;
    this.#running = true;
    this.#runSlice();
  }

  readonly #runSlice = (): void => {
    if (this.#lines.size === 0) {
      this.#running = false;
      return;
    }
    const end = this.#timing.monotonic() + PROXY_LIMITS.acceptSliceMs;
    do this.#takeNext()?.();
    while (this.#lines.size > 0 && this.#timing.monotonic() < end);
    this.#timing.yieldTo(this.#runSlice);
  };

  #takeNext(): (() => void) | undefined {
    const [first] = this.#lines;
    if (!first) return undefined;
    const [network, line] = first;
    this.#lines.delete(network);
    const accept = line.waiting[line.next];
    line.next += 1;
    if (line.next < line.waiting.length) this.#lines.set(network, line);
    return accept;
  }
}
