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
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { AddressRanges } from "../admit/address-ranges.ts";
import type { Mip1Room } from "./room.ts";
import type { Mip1Tickets } from "./tickets.ts";

export interface Mip1EntranceParts {
  readonly allowed: AddressRanges;
  readonly room: Mip1Room;
  readonly tickets: Mip1Tickets;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where MiP 1 connections come in: their first message tells control from data. */
export class Mip1Entrance {
  readonly #parts: Mip1EntranceParts;

  constructor(parts: Mip1EntranceParts) {
    this.#parts = parts;
  }

  /**
   * Takes a connection inside TLS of which nothing has been read. Never rejects: whatever goes wrong ends it, without
   * a word, since MiP 1 has none for that.
   * @param admitted gives its place among the unadmitted back
   */
  async acceptMip1(socket: Duplex, source: Source, admitted: () => void): Promise<void> {
    socket.on("error", () => undefined);
    try {
      if (!this.#parts.allowed.contains(source.address)) {
        throw new AuthError("MIP1_NOT_ALLOWED", "this peer may not speak MiP 1");
      }
      await this.#accept(socket, source, admitted);
    } catch (error) {
      socket.destroy();
      this.#tell(source, error);
    }
  }

  async #accept(socket: Duplex, source: Source, admitted: () => void): Promise<void> {
    const { room, tickets, clock } = this.#parts;
    const limits = { deadlineMs: LIMITS.mipHandshakeMs, maxBytes: LIMITS.mipHandshakeBytes };
    const peer = new Conversation(socket, limits, clock);
    const first = await peer.read(mip1.readMip1Message()).finally(() => peer.release());
    if (first.type === mip1.Mip1MessageType.handshake) {
      await room.admit(socket, source, first);
    } else if (first.type === mip1.Mip1MessageType.setupResponse && first.status === 1) {
      if (!tickets.redeem(first.ticket, source.address, socket)) {
        throw new AuthError("TICKET_INVALID", "no viewer waits for this data connection of this peer");
      }
    } else {
      throw new ProtocolError("MIP1_MESSAGE", "neither a control nor a data connection");
    }
    admitted();
  }

  #tell(source: Source, error: unknown): void {
    const { audit, log } = this.#parts;
    if (!isPosternError(error)) {
      log.error({ event: "agent.fault", source, err: error }, "a MiP 1 agent could not be admitted");
      return;
    }
    const { code, message } = error;
    audit.append({ action: "agent.refuse", outcome: "failure", source, reason: code });
    log.warn({ event: "agent.rejected", code, source, detail: message }, "MiP 1 connection rejected");
  }
}
