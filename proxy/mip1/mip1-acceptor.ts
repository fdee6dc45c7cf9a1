import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  AuthError,
  Conversation,
  isPosternError,
  mip1,
  ProtocolError,
  type Clock,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { type ConnectionSource, plainAddress } from "../model/connection-source.ts";
import { PeerLog } from "../model/peer-log.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { AddressRanges } from "../limits/address-ranges.ts";
import type { Mip1AgentRegistry } from "./mip1-agent-registry.ts";
import type { Mip1Tickets } from "./mip1-tickets.ts";

export interface Mip1AcceptorDependencies {
  readonly allowed: AddressRanges;
  readonly agents: Mip1AgentRegistry;
  readonly tickets: Mip1Tickets;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where MiP 1 connections come in: their first message distinguishes control from data. */
export class Mip1Acceptor {
  readonly #dependencies: Mip1AcceptorDependencies;
  readonly #peerLog: PeerLog;

  constructor(dependencies: Mip1AcceptorDependencies) {
    this.#dependencies = dependencies;
    this.#peerLog = new PeerLog(dependencies.log, dependencies.clock);
  }

  /**
   * Takes a connection inside TLS of which nothing has been read. Never rejects: a failure closes the connection without
   * an answer, because MiP 1 has no message for refusals.
   * @param authenticated releases its pre-authentication slot
   */
  async acceptMip1(socket: Duplex, source: ConnectionSource, authenticated: () => void): Promise<void> {
    socket.on("error", () => undefined);
    try {
      if (!this.#dependencies.allowed.contains(source.address)) {
        throw new AuthError("MIP1_NOT_ALLOWED", "this peer may not speak MiP 1");
      }
      await this.#accept(socket, source, authenticated);
    } catch (error) {
      socket.destroy();
      this.#logFailure(source, error);
    }
  }

  async #accept(socket: Duplex, source: ConnectionSource, authenticated: () => void): Promise<void> {
    const { agents, tickets, clock } = this.#dependencies;
    const limits = { deadlineMs: PROXY_LIMITS.mipHandshakeMs, maxBytes: PROXY_LIMITS.mipHandshakeBytes };
    const peer = new Conversation(socket, limits, clock);
    const first = await peer.read(mip1.readMip1Message()).finally(() => peer.release());
    if (first.type === mip1.Mip1MessageType.handshake) {
      await agents.register(socket, source, first);
    } else if (first.type === mip1.Mip1MessageType.setupResponse && first.status === 1) {
      if (!tickets.redeem(first.ticket, socket, plainAddress(source.address))) {
        throw new AuthError("TICKET_INVALID", "no viewer waits for this data connection of this peer");
      }
    } else {
      throw new ProtocolError("MIP1_MESSAGE", "neither a control nor a data connection");
    }
    authenticated();
  }

  #logFailure(source: ConnectionSource, error: unknown): void {
    const { audit, log } = this.#dependencies;
    if (!isPosternError(error)) {
      log.error({ event: "agent.fault", source, err: error }, "a MiP 1 agent could not be taken in");
      return;
    }
    const { code, message } = error;
    audit.append({ action: "agent.refuse", outcome: "failure", source, reason: code });
    this.#peerLog.warn(
      { event: "agent.rejected", code, source, detail: message },
      "MiP 1 connection rejected",
    );
  }
}
