import type { FramePace } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { SliceTiming } from "../limits/slice-timing.ts";

/**
 * Shares out the time for the frames of all agents: in one turn of the event loop a short slice, and one agent after the
 * other. What an agent's frames cause at once, database work above all, is done before the next agent's turn.
 */
export class AgentFramePace implements FramePace {
  readonly #timing: SliceTiming;
  #waiting: (() => void)[] = [];
  /** When this turn's time is used up; null: none of it has been used. */
  #end: number | null = null;

  constructor(timing: SliceTiming) {
    this.#timing = timing;
  }

  isSpent(): boolean {
    this.#begin();
    return this.#timing.monotonic() >= (this.#end ?? Infinity);
  }

  later(next: () => void): void {
    this.#waiting.push(next);
    this.#begin();
  }

  #begin(): void {
    if (this.#end !== null) return;
    this.#end = this.#timing.monotonic() + PROXY_LIMITS.agentSliceMs;
    this.#timing.yieldTo(this.#turn);
  }

  readonly #turn = (): void => {
    this.#end = null;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#begin();
    next();
  };
}
