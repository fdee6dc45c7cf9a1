import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditEntry } from "../model/proxy-types.ts";

interface RepeatWindow {
  lines: number;
  /** What was left out since the last line. */
  suppressed: number;
  last: AuditEntry;
  readonly cancel: () => void;
}

/**
 * Keeps one source from filling the disk with its refusals: after some lines of the same kind the rest of
 * a short while becomes one line with their count.
 */
export class RepeatSuppressor {
  readonly #clock: Clock;
  readonly #write: (entry: AuditEntry) => void;
  readonly #windows = new Map<string, RepeatWindow>();

  constructor(clock: Clock, write: (entry: AuditEntry) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** False: the entry is only counted, and reported later. */
  allows(entry: AuditEntry): boolean {
    if (entry.outcome !== "failure" || entry.source === undefined) return true;
    const key = `${entry.action} ${entry.reason ?? ""} ${entry.source.address}`;
    const window = this.#windows.get(key) ?? this.#open(key, entry);
    window.last = entry;
    if (window.lines < PROXY_LIMITS.auditRefusalLines) {
      window.lines += 1;
      return true;
    }
    window.suppressed += 1;
    return false;
  }

  /** Tells of all that was left out. */
  flush(): void {
    for (const key of [...this.#windows.keys()]) this.#close(key);
  }

  #open(key: string, last: AuditEntry): RepeatWindow {
    if (this.#windows.size >= PROXY_LIMITS.auditRefusalSources) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#close(oldest);
    }
    const cancel = this.#clock.after(PROXY_LIMITS.auditRefusalMs, () => {
      this.#close(key);
    });
    const window = { lines: 0, suppressed: 0, last, cancel };
    this.#windows.set(key, window);
    return window;
  }

  #close(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    this.#windows.delete(key);
    window.cancel();
    if (window.suppressed === 0) return;
    const { sessionId: _session, source, ...about } = window.last;
    this.#write({ ...about, count: window.suppressed, ...(source && { source: { ...source, port: 0 } }) });
  }
}
