import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  Conversation,
  describeError,
  encodePing,
  encodeSetupRequest,
  FrameType,
  MIP2_LIMITS,
  ProtocolError,
  readFrame,
  type Clock,
  type Mip2SetupResponse,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { readSetupFailure } from "../agents/read-setup-failure.ts";
import type { SetupTickets } from "./setup-tickets.ts";

const NOTHING = Buffer.alloc(0);

interface SpareConnectionDependencies {
  readonly tickets: SetupTickets;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A proven data connection that waits for a viewer: TLS and proof are complete before a viewer needs it. */
export class SpareConnection {
  readonly agentId: string;
  /** Settles when it is used up or gone. */
  readonly ended: Promise<void>;
  readonly #stream: Duplex;
  readonly #dependencies: SpareConnectionDependencies;
  readonly #peer: Conversation;
  readonly #createdAt: number;
  #lastReceivedAt: number;
  #ticket: Buffer | null = null;
  #cancelPing: () => void = () => undefined;
  #handedOver = false;
  #lost = false;

  /** The stream belongs to this object from now on. */
  constructor(stream: Duplex, agentId: string, dependencies: SpareConnectionDependencies) {
    this.agentId = agentId;
    this.#stream = stream;
    this.#dependencies = dependencies;
    const { clock } = dependencies;
    this.#createdAt = clock.monotonic();
    this.#lastReceivedAt = this.#createdAt;
    stream.on("error", () => undefined);
    const limits = { deadlineMs: PROXY_LIMITS.spareLifeMs, maxBytes: PROXY_LIMITS.mipHandshakeBytes };
    this.#peer = new Conversation(stream, limits, clock);
    this.#ping();
    this.ended = this.#run();
  }

  /** Whether a viewer may rely on it. */
  get isUsable(): boolean {
    const now = this.#dependencies.clock.monotonic();
    return (
      !this.#stream.destroyed &&
      now - this.#lastReceivedAt < PROXY_LIMITS.agentPingMs * 2 &&
      now - this.#createdAt < PROXY_LIMITS.spareLifeMs - PROXY_LIMITS.pairingMs
    );
  }

  /** It went away without an answer: another connection may do better. */
  get isLost(): boolean {
    return this.#lost;
  }

  /**
   * Asks for a desktop over this very connection, once.
   * @throws ViewerRefusal as the agent's answer says
   */
  async open(desktop: string, signal: AbortSignal, onPostponed?: (forMs: number) => void): Promise<Duplex> {
    const { ticket, connection } = this.#dependencies.tickets.expect(this, signal, {
      bearer: this,
      ...(onPostponed && { onPostponed }),
    });
    this.#ticket = ticket;
    this.#stream.write(encodeSetupRequest({ ticket, proxyHost: "", proxyPort: 0, desktop }));
    try {
      return await connection;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Idempotent. What was handed over is not touched. */
  close(): void {
    if (!this.#handedOver) this.#stream.destroy();
  }

  async #run(): Promise<void> {
    try {
      const response = await this.#awaitResponse();
      this.#peer.release();
      if (response.status === 1) {
        this.#handedOver = this.#dependencies.tickets.redeem(response.ticket, this.#stream, this);
        this.close();
        return;
      }
      this.#stream.destroy();
      const refusal = readSetupFailure(response.code, this.#dependencies.log);
      this.#dependencies.tickets.fail(this, response.ticket, refusal);
    } catch (error) {
      this.#peer.release();
      this.#lost = true;
      this.#stream.destroy();
      this.#dependencies.log.debug(
        { event: "spare.lost", reason: describeError(error) },
        "a spare connection is gone",
      );
      if (this.#ticket)
        this.#dependencies.tickets.fail(this, this.#ticket, new ViewerRefusal("HOST_OFFLINE"));
    } finally {
      this.#cancelPing();
    }
  }

  /** Takes what comes until the answer to our one question. */
  async #awaitResponse(): Promise<Mip2SetupResponse> {
    for (;;) {
      const frame = await this.#peer.read(readFrame(MIP2_LIMITS.unprovenBody));
      this.#lastReceivedAt = this.#dependencies.clock.monotonic();
      if (frame.type === FrameType.pong) continue;
      if (frame.type === FrameType.setupResponse && this.#ticket?.equals(frame.value.ticket))
        return frame.value;
      throw new ProtocolError(
        "MIP_FRAME",
        `a spare connection may not send a frame of type ${frame.type} now`,
      );
    }
  }

  #ping(): void {
    const { clock } = this.#dependencies;
    this.#cancelPing = clock.after(PROXY_LIMITS.agentPingMs, () => {
      // The ticket has a deadline of its own, and the agent may be waiting for a person.
      if (this.#ticket !== null) return;
      if (clock.monotonic() - this.#lastReceivedAt >= PROXY_LIMITS.agentDeadMs) {
        this.#stream.destroy();
        return;
      }
      this.#stream.write(encodePing(FrameType.ping, NOTHING));
      this.#ping();
    });
  }
}
