import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { News } from "../events.ts";
import type { Identity } from "../identify/identity.ts";
import type { AuditEntry } from "../proxy.ts";
import type { EndCause } from "../pair/session-state.ts";
import { askState, Refusal, type RefusalCode } from "../refusals.ts";
import type { SessionRecord } from "../state/records.ts";
import type { Stores } from "../state/stores.ts";

interface LedgerParts {
  readonly serverId: string;
  readonly stores: Stores;
  readonly audit: AuditLog;
  readonly news: News;
  readonly clock: Clock;
}

export interface MovedBytes {
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
}

interface Opened {
  readonly identity: Identity;
  readonly startedAt: number;
  readonly startedMonotonic: number;
}

/** What is written down of one session: audit log, state, log and news. */
export class SessionLedger {
  readonly #id: string;
  readonly #viewer: Viewer;
  readonly #parts: LedgerParts;
  readonly #log: Logger;
  #opened: Opened | undefined;
  #stored = false;

  constructor(id: string, viewer: Viewer, parts: LedgerParts, log: Logger) {
    this.#id = id;
    this.#viewer = viewer;
    this.#parts = parts;
    this.#log = log;
  }

  /**
   * No line, no session: settles when the audit line is on the disk.
   * @throws Refusal `AUDIT_UNAVAILABLE`, `STATE_UNAVAILABLE`
   */
  async open(identity: Identity): Promise<void> {
    const { audit, stores, clock, news } = this.#parts;
    const opened = { identity, startedAt: clock.now(), startedMonotonic: clock.monotonic() };
    try {
      await audit.appendDurably({
        action: "session.start",
        outcome: "success",
        source: this.#viewer.source,
        ...this.#describe(identity),
      });
    } catch (cause) {
      throw new Refusal("AUDIT_UNAVAILABLE", { cause });
    }
    this.#opened = opened;
    const { loginHash } = identity;
    await askState(stores.sessions.open({ ...this.#describeOpened(opened), loginHash }));
    this.#stored = true;
    this.#log.info(
      {
        event: "session.paired",
        desktopId: identity.desktop.id,
        agentId: identity.desktop.agentId,
        method: identity.method,
        transport: this.#viewer.transport,
        role: identity.role,
        source: this.#viewer.source,
      },
      "session opened",
    );
    news.emit("session.changed", { sessionId: this.#id, desktopId: identity.desktop.id });
  }

  refuse(reason: RefusalCode): void {
    const { source } = this.#viewer;
    this.#log.warn({ event: "session.refused", reason, source }, "viewer refused");
    if (this.#opened) return;
    const { transport } = this.#viewer;
    const refused = { action: "session.refuse", outcome: "failure", reason } as const;
    this.#parts.audit.append({ ...refused, source, transport, sessionId: this.#id });
  }

  /** Never rejects: a session that is over stays over. */
  async close(cause: EndCause, bytes: MovedBytes): Promise<void> {
    if (!this.#opened) return;
    const { audit, stores, clock, news } = this.#parts;
    const { identity, startedMonotonic } = this.#opened;
    const durationMs = clock.monotonic() - startedMonotonic;
    audit.append({
      action: "session.end",
      outcome: "success",
      reason: cause,
      source: this.#viewer.source,
      durationMs,
      ...this.#describe(identity),
      ...bytes,
    });
    this.#log.info(
      { event: "session.closed", cause, durationMs: Math.round(durationMs), ...bytes },
      "session closed",
    );
    if (!this.#stored) return;
    await stores.sessions
      .close(this.#id, { cause, endedAt: clock.now(), ...bytes })
      .catch((error: unknown) => {
        this.#log.error({ event: "session.state", err: error }, "a session's end could not be stored");
      });
    news.emit("session.changed", { sessionId: this.#id, desktopId: identity.desktop.id });
  }

  /** Whom it was opened for; null: not yet, or not in the state. */
  get identity(): Identity | null {
    return this.#opened && this.#stored ? this.#opened.identity : null;
  }

  describe(bytes: MovedBytes): SessionRecord | null {
    if (!this.#opened || !this.#stored) return null;
    return { ...this.#describeOpened(this.#opened), state: "open", endedAt: null, cause: null, ...bytes };
  }

  #describeOpened({ identity, startedAt }: Opened) {
    const { desktop, method, role, denied, subject } = identity;
    return {
      id: this.#id,
      desktopId: desktop.id,
      desktopName: desktop.name,
      agentId: desktop.agentId,
      serverId: this.#parts.serverId,
      method,
      transport: this.#viewer.transport,
      role,
      denied,
      subject,
      sourceAddress: this.#viewer.source.address,
      startedAt,
    };
  }

  #describe({ desktop, method, role, subject }: Identity): Partial<AuditEntry> {
    return {
      ...(method === "ticket" ? { actor: subject } : { tokenId: subject }),
      method,
      role,
      transport: this.#viewer.transport,
      sessionId: this.#id,
      desktopId: desktop.id,
      desktopName: desktop.name,
      agentId: desktop.agentId,
      ...(desktop.machineId !== null && { machineId: desktop.machineId }),
    };
  }
}
