import { matchesToken, prepareResponse, type TokenKey } from "../../protocol/index.ts";
import type { SliceTiming } from "../limits/slice-timing.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";

export interface TokenCandidate {
  readonly id: string;
  readonly key: TokenKey;
  readonly expiresAt: number;
}

export interface ChallengeResponse {
  readonly challenge: Buffer;
  readonly response: Buffer;
}

interface Scan<C extends TokenCandidate> {
  readonly prepared: ReturnType<typeof prepareResponse>;
  readonly candidates: readonly C[];
  readonly matches: C[];
  next: number;
  resolve(matches: C[]): void;
}

/**
 * Finds which of many tokens gives a response. One queue of slices: 100,000 tokens at once would hold
 * up every session for 8 ms, and slices that do not know of each other would add up.
 */
export class TokenScan<C extends TokenCandidate> {
  readonly #timing: SliceTiming;
  readonly #queue: Scan<C>[] = [];
  /** Candidates of all guesses in the queue. */
  #backlog = 0;
  #running = false;

  constructor(timing: SliceTiming) {
    this.#timing = timing;
  }

  /**
   * All candidates that fit: the caller decides what more than one means.
   * @throws ViewerRefusal `SERVER_BUSY` when those that wait already would take too long
   */
  match(guess: ChallengeResponse, candidates: readonly C[]): Promise<C[]> {
    if (this.#backlog > 0 && this.#backlog + candidates.length > PROXY_LIMITS.scanBacklogTokens)
      throw new ViewerRefusal("SERVER_BUSY", { waitMs: 1000 });
    return new Promise((resolve) => {
      const prepared = prepareResponse(guess.challenge, guess.response);
      this.#backlog += candidates.length;
      this.#queue.push({ prepared, candidates, matches: [], next: 0, resolve });
      if (!this.#running) {
        this.#running = true;
        this.#slice();
      }
    });
  }

  readonly #slice = (): void => {
    const end = this.#timing.monotonic() + PROXY_LIMITS.scanSliceMs;
    do {
      const scan = this.#queue[0];
      if (!scan) {
        this.#running = false;
        return;
      }
      scanStride(scan);
      if (scan.next >= scan.candidates.length) {
        this.#queue.shift();
        this.#backlog -= scan.candidates.length;
        scan.resolve(scan.matches);
      }
    } while (this.#timing.monotonic() < end);
    this.#timing.yieldTo(this.#slice);
  };
}

function scanStride<C extends TokenCandidate>(scan: Scan<C>): void {
  const stop = Math.min(scan.next + PROXY_LIMITS.scanStride, scan.candidates.length);
  for (; scan.next < stop; scan.next += 1) {
    const candidate = scan.candidates[scan.next];
    if (candidate && matchesToken(candidate.key, scan.prepared)) scan.matches.push(candidate);
  }
}
