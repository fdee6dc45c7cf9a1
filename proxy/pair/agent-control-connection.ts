import type { Duplex } from "node:stream";
import {
  encodePing,
  FrameChannel,
  FrameType,
  MIP2_LIMITS,
  ProtocolError,
  readFrame,
  type Clock,
  type Frame,
  type Mip2SetupResponse,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { describeAgentEnd } from "../model/agent-connection-end.ts";
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

const PING = encodePing(FrameType.ping, Buffer.alloc(0));

/** The control connection of one proven agent: frames in and out, pings, and its end. */
export class AgentControlConnection {
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
  readonly #channel: FrameChannel<Frame>;
  #agent: ConnectedAgent;
  #handler: AgentFrameHandler | undefined;

  /** The socket belongs to this object from now on; it is read once {@link open} is called. */
  constructor(
    socket: Duplex,
    agent: ConnectedAgent,
    hold: Pick<AgentControlConnection, "epoch" | "features" | "instance">,
    clock: Clock,
  ) {
    this.#socket = socket;
    this.#agent = agent;
    this.epoch = hold.epoch;
    this.features = hold.features;
    this.instance = hold.instance;
    this.#clock = clock;
    this.requests = new HostRequestClient((frame) => {
      this.send(frame);
    }, clock);
    let resolveClosed!: (cause: Error) => void;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#channel = new FrameChannel(socket, {
      grammar: () => readFrame(MIP2_LIMITS.body),
      onFrame: (frame) => {
        this.#handleFrame(frame);
      },
      onEnd: (cause) => {
        this.requests.end();
        resolveClosed(cause);
      },
      describeEnd: describeAgentEnd,
      unsentBytes: PROXY_LIMITS.agentBacklogBytes,
      liveness: {
        clock,
        pingMs: PROXY_LIMITS.agentPingMs,
        silenceMs: PROXY_LIMITS.agentDeadMs,
        ping: PING,
      },
    });
  }

  open(frames: AgentFrameHandler): void {
    this.#handler = frames;
    this.#channel.start();
  }

  get agent(): ConnectedAgent {
    return this.#agent;
  }

  /** A host that waited may have machines from now on. */
  admit(): void {
    this.#agent = { ...this.#agent, admitted: true };
  }

  get ended(): boolean {
    return this.#channel.ended;
  }

  /** After the end nothing is sent. */
  send(frame: Buffer): void {
    this.#channel.send(frame);
  }

  /** Sends a last frame and closes; the agent has a moment to take it. Idempotent. */
  finish(last: Buffer, cause: Error): void {
    if (this.#channel.ended) return;
    this.#channel.end(cause);
    this.#socket.write(last);
    finishStream(this.#socket, this.#clock);
  }

  refuse(refusal: AgentRefusal): void {
    this.finish(refusal.frame, refusal);
  }

  /** Immediate. Idempotent. */
  destroy(cause: Error): void {
    this.#channel.destroy(cause);
  }

  #handleFrame(frame: Frame): void {
    if (!this.#handler) return;
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
