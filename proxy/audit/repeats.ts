import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { AuditEntry } from "../proxy.ts";

interface Window {
  lines: number;
  /** What was left out since the last line. */
  left: number;
  last: AuditEntry;
  readonly cancel: () => void;
}

/**
 * Keeps one source from filling the disk with its refusals: after some lines of the same kind the rest of
 * a short while becomes one line with their count.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #write: (entry: AuditEntry) => void;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, write: (entry: AuditEntry) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** False: the entry is counted, and told of later. */
  passes(entry: AuditEntry): boolean {
    if (entry.outcome !== "failure" || entry.source === undefined) return true;
    const key = `${entry.action} ${entry.reason ?? ""} ${entry.source.address}`;
    const window = this.#windows.get(key) ?? this.#open(key, entry);
    window.last = entry;
    if (window.lines < LIMITS.auditRefusalLines) {
      window.lines += 1;
      return true;
    }
    window.left += 1;
    return false;
  }

  /** Tells of all that was left out. */
  flush(): void {
    for (const key of [...this.#windows.keys()]) this.#close(key);
  }

  #open(key: string, last: AuditEntry): Window {
    if (this.#windows.size >= LIMITS.auditRefusalSources) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#close(oldest);
    }
    const cancel = this.#clock.after(LIMITS.auditRefusalMs, () => {
      this.#close(key);
    });
    const window = { lines: 0, left: 0, last, cancel };
    this.#windows.set(key, window);
    return window;
  }

  #close(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    this.#windows.delete(key);
    window.cancel();
    if (window.left === 0) return;
    const { sessionId: _session, source, ...about } = window.last;
    this.#write({ ...about, count: window.left, ...(source && { source: { ...source, port: 0 } }) });
  }
}
