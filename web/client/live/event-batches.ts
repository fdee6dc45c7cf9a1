import type { LiveEvent } from "../../api/schemas.ts";

/** Runs `run` once, soon; returns a function that prevents it. */
type ScheduleBatch = (run: () => void) => () => void;

/** A page in the background draws no frames; its events are taken this often. */
const HIDDEN_MS = 1_000;

/** Collects events until the page draws next: of one object the newest counts, and all together are one change of the page. */
export class EventBatches {
  readonly #schedule: ScheduleBatch;
  readonly #deliver: (events: readonly LiveEvent[]) => void;
  readonly #events = new Map<string, LiveEvent>();
  #cancel: (() => void) | null = null;

  constructor(schedule: ScheduleBatch, deliver: (events: readonly LiveEvent[]) => void) {
    this.#schedule = schedule;
    this.#deliver = deliver;
  }

  add(event: LiveEvent): void {
    const key = keyOf(event);
    // At the end: what comes last has the last word.
    this.#events.delete(key);
    this.#events.set(key, event);
    this.#cancel ??= this.#schedule(() => {
      this.flush();
    });
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#events.size === 0) return;
    const events = [...this.#events.values()];
    this.#events.clear();
    this.#deliver(events);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#events.clear();
  }
}

function keyOf(event: LiveEvent): string {
  switch (event.type) {
    case "machine":
      return `machine ${event.machine.id}`;
    case "desktop":
      return `desktop ${event.desktop.id}`;
    case "gone":
      return `${event.kind} ${event.id}`;
    default:
      return event.type;
  }
}

export function onNextFrame(run: () => void): () => void {
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const once = (): void => {
    cancel();
    run();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_MS);
  return cancel;
}
