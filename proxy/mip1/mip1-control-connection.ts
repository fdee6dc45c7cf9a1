import type { Duplex } from "node:stream";
import {
  describeError,
  FrameDecoder,
  LimitError,
  mip1,
  PeerClosed,
  ProtocolError,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
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
  readonly #socket: Duplex;
  readonly #decoder: FrameDecoder<mip1.Mip1Message>;
  #end: Error | undefined;
  #resolveClosed: (cause: Error) => void = () => undefined;

  /** The socket belongs to this object from now on. */
  constructor(
    socket: Duplex,
    agent: { readonly identity: Mip1Identity; readonly source: ConnectionSource; readonly epoch: number },
    onResponse: (response: mip1.Mip1SetupResponse) => void,
  ) {
    this.#socket = socket;
    this.identity = agent.identity;
    this.source = agent.source;
    this.epoch = agent.epoch;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#decoder = new FrameDecoder(mip1.readMip1Message, (message) => {
      if (this.#end) return;
      if (message.type !== mip1.Mip1MessageType.setupResponse) {
        throw new ProtocolError("MIP1_MESSAGE", "an agent may send nothing but Setup responses now");
      }
      onResponse(message);
    });
    socket.on("error", (error: Error) => {
      this.destroy(new PeerClosed("PEER_CLOSED", `connection failed: ${error.message}`));
    });
    socket.on("close", this.#onEnd);
    socket.on("end", this.#onEnd);
    socket.on("data", this.#onData);
    if (socket.destroyed || socket.readableEnded) this.#onEnd();
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** After the end nothing is sent. */
  send(message: mip1.Mip1SetupRequest): void {
    if (this.#end) return;
    this.#socket.write(mip1.encodeMip1Message(message));
    if (this.#socket.writableLength > PROXY_LIMITS.agentBacklogBytes) {
      this.destroy(new LimitError("AGENT_BACKLOG", "the agent has stopped reading"));
    }
  }

  /** Immediate: MiP 1 has no closing message. Idempotent. */
  destroy(cause: Error): void {
    if (!this.#end) {
      this.#end = cause;
      this.#socket.off("data", this.#onData);
      this.#resolveClosed(cause);
    }
    this.#socket.destroy();
  }

  readonly #onEnd = (): void => {
    this.destroy(new PeerClosed("PEER_CLOSED", "the agent closed its control connection"));
  };

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(describeError(error)));
    }
  };
}
