/** How long work is done in slices of the event loop: a clock, and what lets other work run in between. */
export interface SliceTiming {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly yieldTo: (next: () => void) => void;
}

export const EVENT_LOOP_SLICES: SliceTiming = { monotonic: () => performance.now(), yieldTo: setImmediate };
