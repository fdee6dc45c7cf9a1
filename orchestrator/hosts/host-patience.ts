import { isPosternError, type Clock } from "../../protocol/index.ts";

/** A host that does not answer within this time is passed over. */
const PATIENCE_MS = 3000;

/** With these a host has not said anything. */
const SILENCE: ReadonlySet<string> = new Set(["HOST_TIMEOUT", "HOST_BUSY"]);

/**
 * How long people wait for what hosts have to say: a while for each, and not at all for one that let somebody wait in vain,
 * until it answers. One host that hangs must not hold up what concerns all.
 */
export class HostPatience {
  readonly #clock: Clock;
  readonly #silent = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The host's answer; null: it takes too long. The request goes on, and its answer makes the host count again.
   * @throws what the request fails with
   */
  async wait<T>(hostId: string, answer: Promise<T>): Promise<T | null> {
    answer.then(
      () => this.#silent.delete(hostId),
      (error: unknown) => isSilence(error) || this.#silent.delete(hostId),
    );
    if (this.#silent.has(hostId)) return Promise.race([answer, Promise.resolve(null)]);
    let cancel = (): void => undefined;
    const late = new Promise<null>((resolve) => {
      cancel = this.#clock.after(PATIENCE_MS, () => {
        this.#silent.add(hostId);
        resolve(null);
      });
    });
    return Promise.race([answer, late]).finally(cancel);
  }
}

function isSilence(error: unknown): boolean {
  return isPosternError(error) && SILENCE.has(error.code);
}
