import type { Logger } from "pino";
import type { Clock, PosternError } from "../../protocol/index.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { PeerLog } from "../model/peer-log.ts";
import type { ProxyEventEmitter, AuditEntry } from "../model/proxy-types.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { EndCause } from "./end-cause.ts";
import type { RelayTraffic } from "./stream-stage.ts";
import { queryStateForViewer, ViewerRefusal, type RefusalCode } from "../model/viewer-refusal.ts";
import type { SessionRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";

interface SessionLogDependencies {
  readonly serverId: string;
  readonly stores: Stores;
  readonly audit: AuditLog;
  readonly events: ProxyEventEmitter;
  readonly peerLog: PeerLog;
  readonly clock: Clock;
}

interface OpenedSession {
  readonly identity: ViewerIdentity;
  readonly startedAt: number;
  readonly startedMonotonic: number;
}

/** The records of one session: audit log, state, log and events. */
export class SessionLog {
  readonly #id: string;
  readonly #viewer: AcceptedViewer;
  readonly #dependencies: SessionLogDependencies;
  readonly #log: Logger;
  #opened: OpenedSession | undefined;
  #stored = false;

  constructor(id: string, viewer: AcceptedViewer, dependencies: SessionLogDependencies, log: Logger) {
    this.#id = id;
    this.#viewer = viewer;
    this.#dependencies = dependencies;
    this.#log = log;
  }

  /**
   * No line, no session: settles when the audit line is on the disk.
   * @throws ViewerRefusal `AUDIT_UNAVAILABLE`, `STATE_UNAVAILABLE`
   */
  async open(identity: ViewerIdentity): Promise<void> {
    const { audit, stores, clock, events } = this.#dependencies;
    const opened = { identity, startedAt: clock.now(), startedMonotonic: clock.monotonic() };
    try {
      await audit.appendDurably({
        action: "session.start",
        outcome: "success",
        source: this.#viewer.source,
        ...this.#describe(identity),
      });
    } catch (cause) {
      throw new ViewerRefusal("AUDIT_UNAVAILABLE", { cause });
    }
    this.#opened = opened;
    const { loginHash } = identity;
    await queryStateForViewer(stores.sessions.open({ ...this.#describeOpened(opened), loginHash }));
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
    events.emit("session.changed", { sessionId: this.#id, desktopId: identity.desktop.id });
  }

  /**
   * A code for a second connection: none without its line.
   * @throws ViewerRefusal `AUDIT_UNAVAILABLE`
   */
  async handOver(identity: ViewerIdentity): Promise<void> {
    const line = { action: "login.continue", outcome: "success", source: this.#viewer.source } as const;
    try {
      await this.#dependencies.audit.appendDurably({ ...line, ...this.#describe(identity) });
    } catch (cause) {
      throw new ViewerRefusal("AUDIT_UNAVAILABLE", { cause });
    }
  }

  refuse(reason: RefusalCode): void {
    const { source } = this.#viewer;
    const fault = { event: "session.refused", reason, source, sessionId: this.#id };
    this.#dependencies.peerLog.warn(fault, "viewer refused");
    if (this.#opened) return;
    const { transport } = this.#viewer;
    const refused = { action: "session.refuse", outcome: "failure", reason } as const;
    this.#dependencies.audit.append({ ...refused, source, transport, sessionId: this.#id });
  }

  /** The viewer left the handshake: viewers do not send the reason. */
  noteUnable({ code, message }: PosternError): void {
    const { source, listener, transport } = this.#viewer;
    this.#log.warn(
      { event: "viewer.unable", code, source, listener, detail: message },
      "a viewer could not go on with the handshake",
    );
    const refused = { action: "session.refuse", outcome: "failure", reason: code } as const;
    this.#dependencies.audit.append({ ...refused, source, transport, sessionId: this.#id });
  }

  /** Never rejects: a session that is over stays over. */
  async close(cause: EndCause, bytes: RelayTraffic): Promise<void> {
    if (!this.#opened) return;
    const { audit, stores, clock, events } = this.#dependencies;
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
    events.emit("session.changed", { sessionId: this.#id, desktopId: identity.desktop.id });
  }

  /** The identity it was opened for; null: not yet, or not in the state. */
  get identity(): ViewerIdentity | null {
    return this.#opened && this.#stored ? this.#opened.identity : null;
  }

  describe(bytes: RelayTraffic): SessionRecord | null {
    if (!this.#opened || !this.#stored) return null;
    return { ...this.#describeOpened(this.#opened), state: "open", endedAt: null, cause: null, ...bytes };
  }

  #describeOpened({ identity, startedAt }: OpenedSession) {
    const { desktop, method, role, denied, subject } = identity;
    return {
      id: this.#id,
      desktopId: desktop.id,
      desktopName: desktop.name,
      agentId: desktop.agentId,
      serverId: this.#dependencies.serverId,
      method,
      transport: this.#viewer.transport,
      role,
      denied,
      subject,
      sourceAddress: this.#viewer.source.address,
      startedAt,
    };
  }

  #describe({ desktop, method, role, subject, person }: ViewerIdentity): Partial<AuditEntry> {
    return {
      ...(method !== "token"
        ? { actor: subject, ...(person !== null && { actorName: person }) }
        : { tokenId: subject, ...(person !== null && { tokenOwner: person }) }),
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
