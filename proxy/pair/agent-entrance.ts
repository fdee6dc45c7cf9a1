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
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { News } from "../events.ts";
import { finishStream } from "../listen/finish-stream.ts";
import type { Stores } from "../state/stores.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import { announceAuthority } from "./authority-acts.ts";
import { AgentConnection } from "./agent-connection.ts";
import { admitAgent, admitSpare, askState } from "./agent-admission.ts";
import { AgentRefusal } from "./agent-refusal.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import { AgentRoom } from "./agent-room.ts";
import { ReturnPace, spreadReturn } from "./return-pace.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import type { Spares } from "./spares.ts";

export interface EntranceParts {
  readonly stores: Stores;
  readonly serverId: string;
  readonly agents: AgentRegistry;
  readonly tickets: SetupTickets;
  readonly spares: Spares;
  readonly trust: ServiceTrust;
  readonly news: News;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A TLS connection that speaks MiP 2, as the listener hands it over. */
export interface AgentArrival {
  readonly socket: TLSSocket;
  readonly source: Source;
  admitted(): void;
}

/** Where MiP 2 connections come in: the first frame tells control from data. */
export class AgentEntrance {
  readonly #parts: EntranceParts;
  readonly #leaving = new Set<Promise<void>>();
  readonly #pace: ReturnPace;
  #open = true;

  constructor(parts: EntranceParts) {
    this.#parts = parts;
    this.#pace = new ReturnPace(parts.clock);
  }

  /** Never rejects: whatever goes wrong ends the connection. */
  async enter(arrival: AgentArrival): Promise<void> {
    const { clock, log } = this.#parts;
    const limits = { deadlineMs: LIMITS.mipHandshakeMs, maxBytes: LIMITS.mipHandshakeBytes };
    const conversation = new Conversation(arrival.socket, limits, clock);
    try {
      const first = await conversation.read(readFrame(MIP2_LIMITS.unprovenBody));
      if (first.type === FrameType.handshake) await this.#control(arrival, conversation, first.value);
      else if (first.type === FrameType.spare) await this.#spare(arrival, conversation, first.value);
      else if (first.type === FrameType.setupResponse && first.value.status === 1) {
        conversation.release();
        if (!this.#parts.tickets.redeem(first.value.ticket, arrival.socket)) {
          throw new ProtocolError("TICKET_INVALID", "no viewer waits for this data connection");
        }
        arrival.admitted();
      } else throw new ProtocolError("MIP_FRAME", "neither a control nor a data connection");
    } catch (error) {
      conversation.release();
      this.#reject(arrival, error);
      const { source } = arrival;
      if (isPosternError(error)) {
        const { code, message } = error;
        log.warn({ event: "agent.rejected", code, source, detail: message }, "agent rejected");
      } else log.error({ event: "agent.fault", source, err: error }, "an agent could not be admitted");
    }
  }

  /** Tells all agents to go away, and waits until they are given up in the state. */
  async close(): Promise<void> {
    this.#open = false;
    const { all } = this.#parts.agents;
    const reconnectWithinMs = spreadReturn(all.length);
    const last = encodeJsonFrame(FrameType.drain, { reason: "The server is stopping.", reconnectWithinMs });
    for (const connection of all) {
      connection.finish(last, new AgentRefusal("BUSY", { retryAfterMs: reconnectWithinMs }));
    }
    await Promise.all(this.#leaving);
  }

  async #control(arrival: AgentArrival, peer: Conversation, handshake: Mip2Handshake): Promise<void> {
    const { stores, serverId, agents, news, clock, log } = this.#parts;
    const { record, role, enrolled, features, instance } = await admitAgent(
      peer,
      arrival.socket,
      handshake,
      this.#parts,
    );
    // Enrolment is rare and has spent its secret already; who is held here only changes its connection.
    const waitMs = enrolled || agents.find(record.id) ? 0 : this.#pace.take();
    if (waitMs > 0) throw new AgentRefusal("BUSY", { retryAfterMs: waitMs });
    const epoch = await askState(stores.agents.claim(record.id, serverId, role));
    // A new key that was stored since the proof counts: the agent must not believe that its old one does.
    const claimed = await askState(stores.agents.find(record.id));
    if (claimed?.publicKey !== record.publicKey) throw new AgentRefusal("BUSY", { retryAfterMs: 0 });
    peer.release();
    if (!this.#open) throw new AgentRefusal("BUSY", { retryAfterMs: LIMITS.drainSpreadMs });
    arrival.admitted();

    const agent = { id: record.id, name: record.name, kind: role };
    const connection = new AgentConnection(arrival.socket, agent, { epoch, features, instance }, clock);
    const clonesBefore = agents.countClones(record.id);
    if (!agents.add(connection)) return;
    const agentLog = log.child({ agentId: record.id });
    const exporter = arrival.socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT);
    const proven = { publicKey: record.publicKey, exporter };
    const room = new AgentRoom(connection, { ...this.#parts, log: agentLog, proven });
    const leaving = this.#awaitEnd(connection, room, agentLog);
    this.#leaving.add(leaving);
    void leaving.then(() => this.#leaving.delete(leaving));

    if (enrolled) this.#audit("agent.enrol", arrival, record.id);
    if (agents.countClones(record.id) > clonesBefore) {
      this.#audit("agent.clone", arrival, record.id);
      agentLog.warn(
        { event: "agent.clone", source: arrival.source, times: clonesBefore + 1 },
        "two agents take turns with the same key: it was copied, or stolen",
      );
    }
    this.#audit("agent.connect", arrival, record.id);
    agentLog.info({ event: "agent.connected", kind: role, epoch }, "agent connected");
    connection.send(
      encodeJsonFrame(FrameType.welcome, {
        agentId: record.id,
        name: record.name,
        pingIntervalMs: LIMITS.agentPingMs,
      }),
    );
    announceAuthority(connection, this.#parts.trust.current);
    connection.open(room);
    news.emit("agent.changed", { agentId: record.id });
  }

  async #spare(arrival: AgentArrival, peer: Conversation, handshake: Mip2Handshake): Promise<void> {
    const agentId = await admitSpare(peer, arrival.socket, handshake, this.#parts);
    peer.release();
    if (!this.#parts.spares.accept(arrival.socket, agentId)) {
      throw new ProtocolError("SPARE_UNWANTED", "nobody asked for this spare connection");
    }
    arrival.admitted();
  }

  async #awaitEnd(connection: AgentConnection, room: AgentRoom, log: Logger): Promise<void> {
    const cause = await connection.closed;
    const reason = isPosternError(cause) ? cause.code : "INTERNAL";
    this.#parts.agents.remove(connection);
    this.#parts.spares.drop(connection.agent.id);
    log.info({ event: "agent.disconnected", reason, detail: cause.message }, "agent disconnected");
    const { id } = connection.agent;
    this.#parts.audit.append({ action: "agent.disconnect", outcome: "success", agentId: id, reason });
    await room.leave();
  }

  #audit(
    action: "agent.enrol" | "agent.connect" | "agent.clone",
    { source }: AgentArrival,
    agentId: string,
  ): void {
    this.#parts.audit.append({ action, outcome: "success", agentId, source });
  }

  #reject({ socket, source }: AgentArrival, error: unknown): void {
    const reason = isPosternError(error) ? error.code : "INTERNAL";
    this.#parts.audit.append({ action: "agent.refuse", outcome: "failure", source, reason });
    if (!(error instanceof AgentRefusal)) {
      socket.destroy();
      return;
    }
    socket.write(error.frame);
    finishStream(socket, this.#parts.clock);
  }
}
