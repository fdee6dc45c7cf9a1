import type { Clock } from "../../protocol/index.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import { RepeatLimiter } from "../model/repeat-limiter.ts";

/** A failure that an unauthenticated peer can cause without limit. */
type Refusal = AuditEntry & { readonly source: NonNullable<AuditEntry["source"]> };

function isRefusal(entry: AuditEntry): entry is Refusal {
  return entry.outcome === "failure" && entry.source !== undefined;
}

function kindOf({ action, reason }: AuditEntry): string {
  return `${action} ${reason ?? ""}`;
}

/** Keeps strangers from filling the disk with refusals: what exceeds a few lines is counted in one. */
export class RepeatSuppressor {
  readonly #limiter: RepeatLimiter<Refusal>;
  readonly #write: (entry: AuditEntry) => void;
  /** Of each kind what could not be written while the disk was short, with its count. */
  readonly #held = new Map<string, AuditEntry & { count: number }>();
  #isShort = false;

  constructor(clock: Clock, write: (entry: AuditEntry) => void) {
    this.#write = write;
    this.#limiter = new RepeatLimiter(clock, ({ last, count, isOneNetwork }) => {
      const { sessionId: _session, source, ...about } = last;
      const summary = { ...about, count, ...(isOneNetwork && { source: { ...source, port: 0 } }) };
      if (this.#isShort) this.#hold(summary);
      else this.#write(summary);
    });
  }

  /** False: the entry is only counted, and reported later. */
  allows(entry: AuditEntry): boolean {
    if (!isRefusal(entry)) return true;
    if (!this.#isShort) return this.#limiter.allows(kindOf(entry), entry.source.address, entry);
    this.#limiter.suppress(kindOf(entry), entry.source.address, entry);
    return false;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  /** While the disk is short, refusals get no line: what is left is for sessions. Then they are told with their counts. */
  setShort(isShort: boolean): void {
    this.#isShort = isShort;
    if (isShort) return;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const entry of held) this.#write(entry);
  }

  /** Tells of all that was left out. */
  flush(): void {
    this.#limiter.flush();
  }

  #hold({ source: _source, ...entry }: AuditEntry & { readonly count: number }): void {
    const kind = kindOf(entry);
    this.#held.set(kind, { ...entry, count: entry.count + (this.#held.get(kind)?.count ?? 0) });
  }
}
