import type { Duplex } from "node:stream";
import {
  encodePing,
  FrameChannel,
  type FramePace,
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
import { RoundTrips } from "../model/round-trips.ts";
import { HostRequestClient } from "./host-request-client.ts";
import type { AgentRefusal } from "./agent-refusal.ts";

/** Handles the frames of a control connection. A promise is work in progress, and counts until it settles. */
export interface AgentFrameHandler {
  publish(frame: unknown): Promise<void>;
  withdraw(frame: unknown): Promise<void>;
  event(frame: unknown): void | Promise<void>;
  reply(frame: unknown): void;
  setupResponse(response: Mip2SetupResponse): void;
  newKey(frame: unknown): Promise<void>;
}

export interface AgentChannelTiming {
  readonly clock: Clock;
  /** Of all agents together. */
  readonly pace: FramePace;
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
  readonly #roundTrips: RoundTrips;
  #probedAt = -Infinity;
  #handler: AgentFrameHandler | undefined;

  /** The socket belongs to this object from now on; it is read once {@link open} is called. */
  constructor(
    socket: Duplex,
    agent: ConnectedAgent,
    hold: Pick<AgentControlConnection, "epoch" | "features" | "instance">,
    { clock, pace }: AgentChannelTiming,
  ) {
    this.#socket = socket;
    this.#agent = agent;
    this.epoch = hold.epoch;
    this.features = hold.features;
    this.instance = hold.instance;
    this.#clock = clock;
    this.#roundTrips = new RoundTrips(clock.monotonic());
    this.requests = new HostRequestClient((frame) => {
      this.send(frame);
    }, clock);
    let resolveClosed!: (cause: Error) => void;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#channel = new FrameChannel(socket, {
      grammar: () => readFrame(MIP2_LIMITS.body),
      onFrame: (frame) => this.#handleFrame(frame),
      backpressure: { inProgress: PROXY_LIMITS.agentFramesInProgress, pace },
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

  /** Asks whether the agent is there; for several sessions at once it asks once. */
  probe(): void {
    const now = this.#clock.monotonic();
    if (now - this.#probedAt < PROXY_LIMITS.sessionPingMs / 2) return;
    this.#probedAt = now;
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(this.#roundTrips.ask(now));
    this.send(encodePing(FrameType.ping, payload));
  }

  /** When the latest probe that the agent answered was sent (monotonic). */
  get provenAt(): number {
    return this.#roundTrips.provenAt;
  }

  /** When the oldest probe that still waits for its answer was sent (monotonic); null: none does. */
  get waitingSince(): number | null {
    return this.#roundTrips.waitingSince;
  }

  /** Answers are read since then (monotonic). */
  get readSince(): number {
    return this.#channel.readSince;
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

  #handleFrame(frame: Frame): void | Promise<void> {
    if (!this.#handler) return;
    switch (frame.type) {
      case FrameType.publish:
        return this.#handler.publish(frame.value);
      case FrameType.withdraw:
        return this.#handler.withdraw(frame.value);
      case FrameType.event:
        return this.#handler.event(frame.value);
      case FrameType.reply:
        this.#handler.reply(frame.value);
        return;
      case FrameType.setupResponse:
        this.#handler.setupResponse(frame.value);
        return;
      case FrameType.newKey:
        return this.#handler.newKey(frame.value);
      case FrameType.ping:
        this.send(encodePing(FrameType.pong, frame.value));
        return;
      case FrameType.pong:
        if (frame.value.length === 4) this.#roundTrips.answer(frame.value.readUInt32BE(0));
        return;
      default:
        throw new ProtocolError("MIP_FRAME", `an agent may not send a frame of type ${frame.type} now`);
    }
  }
}
