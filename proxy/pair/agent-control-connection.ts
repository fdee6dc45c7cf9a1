import type { Duplex } from "node:stream";
import {
  describeError,
  encodePing,
  FrameDecoder,
  FrameType,
  LimitError,
  MIP2_LIMITS,
  PeerClosed,
  ProtocolError,
  readFrame,
  TimeoutError,
  type Clock,
  type Frame,
  type Mip2SetupResponse,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { finishStream } from "../listen/finish-stream.ts";
import type { ConnectedAgent } from "../model/proxy-types.ts";
import { HostRequestClient } from "./host-request-client.ts";
import type { AgentRefusal } from "./agent-refusal.ts";

/** Handles the frames of a control connection. */
export interface AgentFrameHandler {
  publish(frame: unknown): void;
  withdraw(frame: unknown): void;
  event(frame: unknown): void;
  reply(frame: unknown): void;
  setupResponse(response: Mip2SetupResponse): void;
  newKey(frame: unknown): void;
}

const NOTHING = Buffer.alloc(0);

/** The control connection of one proven agent: frames in and out, pings, and its end. */
export class AgentControlConnection {
  readonly agent: ConnectedAgent;
  /** The fencing epoch of this hold. */
  readonly epoch: number;
  /** What the agent can do beyond the first revision. */
  readonly features: ReadonlySet<string>;
  /** Of the agent's process; null: it does not say. */
  readonly instance: string | null;
  readonly requests: HostRequestClient;
  /** Settles with what ended it. */
  readonly closed: Promise<Error>;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #decoder: FrameDecoder<Frame>;
  #handler: AgentFrameHandler | undefined;
  #lastReceivedAt: number;
  #cancelPing: () => void = () => undefined;
  #cancelSilence: () => void = () => undefined;
  #end: Error | undefined;
  #resolveClosed: (cause: Error) => void = () => undefined;

  /** The socket belongs to this object from now on; it is read once {@link open} is called. */
  constructor(
    socket: Duplex,
    agent: ConnectedAgent,
    hold: Pick<AgentControlConnection, "epoch" | "features" | "instance">,
    clock: Clock,
  ) {
    this.#socket = socket;
    this.agent = agent;
    this.epoch = hold.epoch;
    this.features = hold.features;
    this.instance = hold.instance;
    this.#clock = clock;
    this.#lastReceivedAt = clock.monotonic();
    this.requests = new HostRequestClient((frame) => {
      this.send(frame);
    }, clock);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#decoder = new FrameDecoder(
      () => readFrame(MIP2_LIMITS.body),
      (frame) => {
        this.#handleFrame(frame);
      },
    );
    socket.on("error", (error) => {
      this.destroy(new PeerClosed("PEER_CLOSED", `connection failed: ${error.message}`));
    });
    socket.on("close", this.#onEnd);
  }

  open(frames: AgentFrameHandler): void {
    this.#handler = frames;
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onEnd);
    this.#watchSilence();
    this.#ping();
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** After the end nothing is sent. */
  send(frame: Buffer): void {
    if (this.#end) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength > PROXY_LIMITS.agentBacklogBytes) {
      this.destroy(new LimitError("AGENT_BACKLOG", "the agent has stopped reading"));
    }
  }

  /** Sends a last frame and closes; the agent has a moment to take it. Idempotent. */
  finish(last: Buffer, cause: Error): void {
    if (this.#end) return;
    this.#settle(cause);
    this.#socket.write(last);
    finishStream(this.#socket, this.#clock);
  }

  refuse(refusal: AgentRefusal): void {
    this.finish(refusal.frame, refusal);
  }

  /** Immediate. Idempotent. */
  destroy(cause: Error): void {
    this.#settle(cause);
    this.#socket.destroy();
  }

  #settle(cause: Error): void {
    if (this.#end) return;
    this.#end = cause;
    this.#cancelPing();
    this.#cancelSilence();
    this.#socket.off("data", this.#onData);
    this.requests.end();
    this.#resolveClosed(cause);
  }

  readonly #onEnd = (): void => {
    this.destroy(new PeerClosed("PEER_CLOSED", "the agent closed its control connection"));
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#lastReceivedAt = this.#clock.monotonic();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(describeError(error)));
    }
  };

  #ping(): void {
    this.#cancelPing = this.#clock.after(PROXY_LIMITS.agentPingMs, () => {
      this.send(encodePing(FrameType.ping, NOTHING));
      this.#ping();
    });
  }

  #watchSilence(): void {
    this.#cancelSilence();
    const silentMs = this.#clock.monotonic() - this.#lastReceivedAt;
    this.#cancelSilence = this.#clock.after(PROXY_LIMITS.agentDeadMs - silentMs, () => {
      if (this.#clock.monotonic() - this.#lastReceivedAt < PROXY_LIMITS.agentDeadMs) this.#watchSilence();
      else this.destroy(new TimeoutError("AGENT_SILENT", `nothing heard for ${PROXY_LIMITS.agentDeadMs} ms`));
    });
  }

  #handleFrame(frame: Frame): void {
    if (this.#end || !this.#handler) return;
    switch (frame.type) {
      case FrameType.publish:
        this.#handler.publish(frame.value);
        return;
      case FrameType.withdraw:
        this.#handler.withdraw(frame.value);
        return;
      case FrameType.event:
        this.#handler.event(frame.value);
        return;
      case FrameType.reply:
        this.#handler.reply(frame.value);
        return;
      case FrameType.setupResponse:
        this.#handler.setupResponse(frame.value);
        return;
      case FrameType.newKey:
        this.#handler.newKey(frame.value);
        return;
      case FrameType.ping:
        this.send(encodePing(FrameType.pong, frame.value));
        return;
      case FrameType.pong:
        return;
      default:
        throw new ProtocolError("MIP_FRAME", `an agent may not send a frame of type ${frame.type} now`);
    }
  }
}
