import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import {
  Conversation,
  encodeJsonFrame,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameType,
  isPosternError,
  MIP2_LIMITS,
  ProtocolError,
  readFrame,
  type Clock,
  type Mip2Handshake,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import { EVENT_LOOP_SLICES } from "../limits/slice-timing.ts";
import { AgentFramePace } from "./agent-frame-pace.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { PeerLog } from "../model/peer-log.ts";
import type { ProxyEventEmitter } from "../model/proxy-types.ts";
import { finishStream } from "../listen/finish-stream.ts";
import type { AgentRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import { announceAuthority } from "./authority-commands.ts";
import { AgentControlConnection } from "./agent-control-connection.ts";
import {
  authenticateAgent,
  authenticateSpareConnection,
  queryStateForAgent,
  type AgentAuthenticationDependencies,
} from "./authenticate-agent.ts";
import { AgentRefusal } from "./agent-refusal.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import { AgentFrameProcessor } from "./agent-frame-processor.ts";
import { ReconnectRateLimit, computeReconnectSpread } from "./reconnect-rate-limit.ts";
import type { ConnectionTickets } from "../model/connection-tickets.ts";
import type { Duplex } from "node:stream";

export interface AgentAcceptorDependencies {
  readonly stores: Stores;
  readonly serverId: string;
  readonly agents: AgentRegistry;
  readonly tickets: ConnectionTickets<Buffer>;
  /** Keeps agents' data connections that wait for viewers. */
  readonly spares: {
    accept(stream: Duplex, agentId: string): boolean;
    drop(agentId: string): void;
  };
  readonly trust: ServiceTrust;
  readonly events: ProxyEventEmitter;
  readonly audit: AuditLog;
  /** An agent has gone silent and has no other control connection. */
  readonly onSilent: (agentId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A TLS connection that speaks MiP 2, as the listener hands it over. */
export interface AcceptedAgentConnection {
  readonly socket: TLSSocket;
  readonly source: ConnectionSource;
  authenticated(): void;
}

/** Where MiP 2 connections come in: the first frame distinguishes control from data. */
export class AgentAcceptor {
  readonly #dependencies: AgentAcceptorDependencies;
  readonly #disconnecting = new Set<Promise<void>>();
  readonly #reconnectRateLimit: ReconnectRateLimit;
  readonly #pace = new AgentFramePace(EVENT_LOOP_SLICES);
  readonly #peerLog: PeerLog;
  #open = true;

  constructor(dependencies: AgentAcceptorDependencies) {
    this.#dependencies = dependencies;
    this.#reconnectRateLimit = new ReconnectRateLimit(dependencies.clock);
    this.#peerLog = new PeerLog(dependencies.log, dependencies.clock);
  }

  /** Never rejects: any error ends the connection. */
  async accept(accepted: AcceptedAgentConnection): Promise<void> {
    const { clock, log } = this.#dependencies;
    const limits = { deadlineMs: PROXY_LIMITS.mipHandshakeMs, maxBytes: PROXY_LIMITS.mipHandshakeBytes };
    const conversation = new Conversation(accepted.socket, limits, clock);
    try {
      const first = await conversation.read(readFrame(MIP2_LIMITS.unprovenBody));
      if (first.type === FrameType.handshake) await this.#acceptControl(accepted, conversation, first.value);
      else if (first.type === FrameType.spare) await this.#acceptSpare(accepted, conversation, first.value);
      else if (first.type === FrameType.setupResponse && first.value.status === 1) {
        conversation.release();
        if (!this.#dependencies.tickets.redeem(first.value.ticket, accepted.socket)) {
          throw new ProtocolError("TICKET_INVALID", "no viewer waits for this data connection");
        }
        accepted.authenticated();
      } else throw new ProtocolError("MIP_FRAME", "neither a control nor a data connection");
    } catch (error) {
      conversation.release();
      this.#reject(accepted, error);
      const { source } = accepted;
      if (isPosternError(error)) {
        const { code, message } = error;
        this.#peerLog.warn({ event: "agent.rejected", code, source, detail: message }, "agent rejected");
      } else log.error({ event: "agent.fault", source, err: error }, "an agent could not be taken in");
    }
  }

  /** Tells all agents to go away, and waits until they are given up in the state. */
  async close(): Promise<void> {
    this.#open = false;
    const { all } = this.#dependencies.agents;
    const reconnectWithinMs = computeReconnectSpread(all.length);
    const last = encodeJsonFrame(FrameType.drain, { reason: "The server is stopping.", reconnectWithinMs });
    for (const connection of all) {
      connection.finish(last, new AgentRefusal("BUSY", { retryAfterMs: reconnectWithinMs }));
    }
    await Promise.all(this.#disconnecting);
  }

  async #acceptControl(
    accepted: AcceptedAgentConnection,
    peer: Conversation,
    handshake: Mip2Handshake,
  ): Promise<void> {
    const { stores, serverId, agents, events, clock, log } = this.#dependencies;
    const { record, enrolled, features, instance } = await authenticateAgent(
      peer,
      accepted.socket,
      handshake,
      {
        ...this.#dependencies,
        enrolmentAudit: this.#auditEnrolments(accepted),
      },
    );
    // Enrolment is rare and has spent its secret already; who is held here only changes its connection.
    const waitMs = enrolled || agents.find(record.id) ? 0 : this.#reconnectRateLimit.reserve();
    if (waitMs > 0) throw new AgentRefusal("BUSY", { retryAfterMs: waitMs });
    const epoch = await queryStateForAgent(stores.agents.claim(record.id, serverId, record.kind));
    // A new key that was stored since the proof counts: the agent must not believe that its old one does.
    const claimed = await queryStateForAgent(stores.agents.find(record.id));
    if (claimed?.publicKey !== record.publicKey) throw new AgentRefusal("BUSY", { retryAfterMs: 0 });
    peer.release();
    if (!this.#open) throw new AgentRefusal("BUSY", { retryAfterMs: PROXY_LIMITS.drainSpreadMs });
    accepted.authenticated();

    const { id, name, kind } = record;
    const agent = { id, name, kind, admitted: claimed.admittedAt !== null };
    const connection = new AgentControlConnection(
      accepted.socket,
      agent,
      { epoch, features, instance },
      { clock, pace: this.#pace },
    );
    const clonesBefore = agents.countClones(record.id);
    if (!agents.add(connection)) return;
    const agentLog = log.child({ agentId: record.id });
    const exporter = accepted.socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT);
    const proven = { publicKey: record.publicKey, exporter };
    const frames = new AgentFrameProcessor(connection, { ...this.#dependencies, log: agentLog, proven });
    const disconnecting = this.#awaitEnd(connection, frames, agentLog);
    this.#disconnecting.add(disconnecting);
    void disconnecting.then(() => this.#disconnecting.delete(disconnecting));

    if (agents.countClones(record.id) > clonesBefore) {
      this.#audit("agent.clone", accepted, record);
      agentLog.warn(
        { event: "agent.clone", source: accepted.source, times: clonesBefore + 1 },
        "two agents take turns with the same key: it was copied, or stolen",
      );
    }
    this.#audit("agent.connect", accepted, record);
    agentLog.info({ event: "agent.connected", kind, admitted: agent.admitted, epoch }, "agent connected");
    connection.send(
      encodeJsonFrame(FrameType.welcome, {
        agentId: record.id,
        name: record.name,
        pingIntervalMs: PROXY_LIMITS.agentPingMs,
      }),
    );
    announceAuthority(connection, this.#dependencies.trust.current);
    connection.open(frames);
    events.emit("agent.changed", { agentId: record.id });
  }

  async #acceptSpare(
    accepted: AcceptedAgentConnection,
    peer: Conversation,
    handshake: Mip2Handshake,
  ): Promise<void> {
    const agentId = await authenticateSpareConnection(peer, accepted.socket, handshake, this.#dependencies);
    peer.release();
    if (!this.#dependencies.spares.accept(accepted.socket, agentId)) {
      throw new ProtocolError("SPARE_UNWANTED", "nobody asked for this spare connection");
    }
    accepted.authenticated();
  }

  async #awaitEnd(
    connection: AgentControlConnection,
    frames: AgentFrameProcessor,
    log: Logger,
  ): Promise<void> {
    const cause = await connection.closed;
    const reason = isPosternError(cause) ? cause.code : "INTERNAL";
    this.#dependencies.agents.remove(connection);
    this.#dependencies.spares.drop(connection.agent.id);
    const isAway = this.#dependencies.agents.find(connection.agent.id) === undefined;
    if (reason === "AGENT_SILENT" && isAway) this.#dependencies.onSilent(connection.agent.id);
    log.info({ event: "agent.disconnected", reason, detail: cause.message }, "agent disconnected");
    const { id } = connection.agent;
    this.#dependencies.audit.append({ action: "agent.disconnect", outcome: "success", agentId: id, reason });
    await frames.handleDisconnect();
  }

  /** Without its line an agent is not enrolled. */
  #auditEnrolments({ source }: AcceptedAgentConnection): AgentAuthenticationDependencies["enrolmentAudit"] {
    const { audit } = this.#dependencies;
    const busy = (cause?: unknown): AgentRefusal =>
      new AgentRefusal("BUSY", { retryAfterMs: PROXY_LIMITS.auditUnavailableMs, cause });
    return {
      checkWritable() {
        if (audit.failing) throw busy();
      },
      write: (agentId, role) =>
        audit
          .appendDurably({ action: "agent.enrol", outcome: "success", agentId, role, source })
          .catch((cause: unknown) => {
            throw busy(cause);
          }),
    };
  }

  #audit(
    action: "agent.connect" | "agent.clone",
    { source }: AcceptedAgentConnection,
    { id: agentId, kind: role }: AgentRecord,
  ): void {
    this.#dependencies.audit.append({ action, outcome: "success", agentId, role, source });
  }

  #reject({ socket, source }: AcceptedAgentConnection, error: unknown): void {
    const reason = isPosternError(error) ? error.code : "INTERNAL";
    const agentId = error instanceof AgentRefusal ? error.agentId : null;
    const about = agentId === null ? {} : { agentId };
    this.#dependencies.audit.append({ action: "agent.refuse", outcome: "failure", source, reason, ...about });
    if (!(error instanceof AgentRefusal)) {
      socket.destroy();
      return;
    }
    socket.write(error.frame);
    finishStream(socket, this.#dependencies.clock);
  }
}
