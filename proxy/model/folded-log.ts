import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";

/** Lines of the same kind and origin within this time become one, with their number. */
const FOLD_MS = 10_000;
/** Kinds and origins that are counted apart; those beyond are not logged while these are. */
const MAX_FOLDS = 1_000;

interface Fold {
  repeated: number;
  readonly cancel: () => void;
}

/** What a line is about; lines that share `event` and `agentId` are folded. */
export interface FoldedLine {
  readonly event: string;
  readonly agentId: string;
  readonly [detail: string]: unknown;
}

/** Warnings that a peer can cause as often as it likes: the first is logged at once, the repetitions are counted. */
export class FoldedLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #folds = new Map<string, Fold>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(about: FoldedLine, message: string): void {
    const key = `${about.event} ${about.agentId}`;
    const fold = this.#folds.get(key);
    if (fold !== undefined) {
      fold.repeated += 1;
      return;
    }
    if (this.#folds.size >= MAX_FOLDS) return;
    this.#log.warn(about, message);
    const cancel = this.#clock.after(FOLD_MS, () => {
      this.#folds.delete(key);
      const { repeated } = current;
      if (repeated > 0) this.#log.warn({ event: about.event, agentId: about.agentId, repeated }, message);
    });
    const current: Fold = { repeated: 0, cancel };
    this.#folds.set(key, current);
  }

  close(): void {
    for (const { cancel } of this.#folds.values()) cancel();
    this.#folds.clear();
  }
}
