import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import {
  type AgentRole,
  Conversation,
  describeError,
  encodePing,
  FrameType,
  MIP2_LIMITS,
  ProtocolError,
  readFrame,
  TimeoutError,
  type Clock,
  type Mip2SetupRequest,
  type SpareWanted,
  type HostPort,
} from "../../protocol/index.ts";
import type { Dialer } from "../dial/dialer.ts";
import type { AgentIdentity } from "../enrol/agent-identity.ts";
import { proveSpare } from "../enrol/prove-agent.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { isAllowedServer, type AllowedServer } from "./allowed-servers.ts";
import type { SetupHandler } from "./setup-handler.ts";

export interface SpareConnectionsOptions {
  readonly identity: AgentIdentity;
  readonly role: AgentRole;
  readonly dialer: Dialer;
  readonly allowed: readonly AllowedServer[];
  readonly setupHandler: SetupHandler;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends all spare connections. */
  readonly signal: AbortSignal;
}

/** Data connections that are dialled and proven before a viewer needs them. */
export class SpareConnections {
  readonly #options: SpareConnectionsOptions;
  #waiting = 0;

  constructor(options: SpareConnectionsOptions) {
    this.#options = options;
  }

  /**
   * Opens as many as requested, up to the limit.
   * @param notify sends one frame on the control connection of this server
   */
  open({ count, proxyHost, proxyPort }: SpareWanted, home: HostPort, notify: (frame: Buffer) => void): void {
    const { allowed, log } = this.#options;
    const server = proxyHost === "" ? home : { host: proxyHost, port: proxyPort };
    if (!isAllowedServer(allowed, server)) {
      log.warn(
        { event: "spare.refused", server },
        "asked for a spare connection to a server that is not allowed",
      );
      return;
    }
    const room = Math.min(count, AGENT_LIMITS.spares - this.#waiting);
    for (let started = 0; started < room; started += 1) void this.#openOne(server, notify);
  }

  /** One spare connection, from its dial to its use or its end. Never rejects. */
  async #openOne(server: HostPort, notify: (frame: Buffer) => void): Promise<void> {
    const { dialer, setupHandler: setups, signal, log } = this.#options;
    this.#waiting += 1;
    let socket: TLSSocket | undefined;
    try {
      ({ socket } = await dialer.dial(server, AGENT_LIMITS.dataDialMs, signal));
      socket.setKeepAlive(true, AGENT_LIMITS.keepAliveMs);
      await proveSpare(socket, this.#options);
      const request = await this.#awaitRequest(socket);
      setups.handleOnSpare(socket, request, notify);
    } catch (error) {
      socket?.destroy();
      log.debug({ event: "spare.gone", reason: describeError(error) }, "a spare connection ended unused");
    } finally {
      this.#waiting -= 1;
    }
  }

  async #awaitRequest(socket: TLSSocket): Promise<Mip2SetupRequest> {
    const { clock, signal } = this.#options;
    const limits = { deadlineMs: AGENT_LIMITS.spareLifeMs, maxBytes: AGENT_LIMITS.handshakeBytes };
    const peer = new Conversation(socket, limits, clock, signal);
    let cancelSilence = (): void => undefined;
    const watchSilence = (): void => {
      cancelSilence();
      cancelSilence = clock.after(AGENT_LIMITS.silenceMs, () => {
        socket.destroy(new TimeoutError("PATH_DEAD", "nothing came on a spare connection"));
      });
    };
    try {
      for (;;) {
        watchSilence();
        const frame = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
        if (frame.type === FrameType.setupRequest) return frame.value;
        if (frame.type !== FrameType.ping)
          throw new ProtocolError("MIP_UNEXPECTED", `a frame of type ${frame.type} on a spare connection`);
        await peer.write(encodePing(FrameType.pong, frame.value));
      }
    } finally {
      cancelSilence();
      peer.release();
    }
  }
}
