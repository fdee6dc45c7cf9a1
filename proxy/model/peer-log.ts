import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import type { ConnectionSource } from "./connection-source.ts";
import { RepeatLimiter } from "./repeat-limiter.ts";

interface PeerFault {
  readonly event: string;
  /** Either tells faults of one event apart. */
  readonly code?: string;
  readonly reason?: string;
  readonly source: ConnectionSource;
  readonly [field: string]: unknown;
}

interface Line {
  readonly fault: PeerFault;
  readonly message: string;
}

/** Warnings about unauthenticated peers, limited so that a stranger cannot fill the disk with them. */
export class PeerLog {
  readonly #log: Logger;
  readonly #limiter: RepeatLimiter<Line>;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#limiter = new RepeatLimiter(clock, ({ last: { fault, message }, count, isOneNetwork }) => {
      const { event, code, reason, source } = fault;
      const about = { event, code, reason, ...(isOneNetwork && { source }) };
      this.#log.warn({ ...about, repeated: count }, message);
    });
  }

  warn(fault: PeerFault, message: string): void {
    const kind = `${fault.event} ${fault.code ?? fault.reason ?? ""}`;
    if (this.#limiter.allows(kind, fault.source.address, { fault, message })) this.#log.warn(fault, message);
  }
}
