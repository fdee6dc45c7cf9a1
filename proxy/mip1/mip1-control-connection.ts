import type { Duplex } from "node:stream";
import { FrameChannel, mip1, ProtocolError } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { describeAgentEnd } from "../model/agent-connection-end.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { Mip1Identity } from "./mip1-identity.ts";

/** The control connection of one MiP 1 agent: Setup requests out, Setup responses in, and its end. */
export class Mip1ControlConnection {
  readonly identity: Mip1Identity;
  readonly source: ConnectionSource;
  /** The fencing epoch of this hold. */
  readonly epoch: number;
  /** Settles with what ended it. */
  readonly closed: Promise<Error>;
  readonly #channel: FrameChannel<mip1.Mip1Message>;

  /** The socket belongs to this object from now on. */
  constructor(
    socket: Duplex,
    agent: { readonly identity: Mip1Identity; readonly source: ConnectionSource; readonly epoch: number },
    onResponse: (response: mip1.Mip1SetupResponse) => void,
  ) {
    this.identity = agent.identity;
    this.source = agent.source;
    this.epoch = agent.epoch;
    let resolveClosed!: (cause: Error) => void;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#channel = new FrameChannel(socket, {
      grammar: mip1.readMip1Message,
      onFrame: (message) => {
        if (message.type !== mip1.Mip1MessageType.setupResponse) {
          throw new ProtocolError("MIP1_MESSAGE", "an agent may send nothing but Setup responses now");
        }
        onResponse(message);
      },
      backpressure: null,
      onEnd: resolveClosed,
      describeEnd: describeAgentEnd,
      unsentBytes: PROXY_LIMITS.agentBacklogBytes,
      liveness: null,
    });
    this.#channel.start();
  }

  get ended(): boolean {
    return this.#channel.ended;
  }

  /** After the end nothing is sent. */
  send(message: mip1.Mip1SetupRequest): void {
    this.#channel.send(mip1.encodeMip1Message(message));
  }

  /** Immediate: MiP 1 has no closing message. Idempotent. */
  destroy(cause: Error): void {
    this.#channel.destroy(cause);
  }
}
