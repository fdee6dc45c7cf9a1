import type { Duplex } from "node:stream";
import {
  serviceAuthority,
  drain,
  encodePing,
  FrameChannel,
  FrameType,
  LimitError,
  MIP2_LIMITS,
  PeerClosed,
  ProtocolError,
  readFrame,
  refused,
  reply,
  request,
  spareWanted,
  TimeoutError,
  type ServiceAuthority,
  type Clock,
  type Frame,
  type FrameChannelEnd,
  type Reply,
  type Request,
  type Mip2SetupRequest,
  type SpareWanted,
} from "../../protocol/index.ts";
import { ServerRefusal } from "../enrol/server-refusal.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { parseMessage } from "../parse-message.ts";

export type ControlEnd =
  | { readonly kind: "lost"; readonly cause: Error }
  | { readonly kind: "refused"; readonly refusal: ServerRefusal }
  | { readonly kind: "drained"; readonly reason: string; readonly withinMs: number };

export interface ControlHandlers {
  /** The server has sent a frame, of whatever kind. */
  onHeard(): void;
  onSetup(setup: Mip2SetupRequest): void;
  onRequest(request: Request): void;
  onReply(reply: Reply): void;
  onSpareWanted(wanted: SpareWanted): void;
  /** The server requests a new key. */
  onRotate(): void;
  /** The server announces the service's CA. */
  onAuthority(authority: ServiceAuthority): void;
}

export interface ControlConnectionOptions {
  readonly pingIntervalMs: number;
  readonly handlers: ControlHandlers;
  readonly clock: Clock;
}

/** A control connection after its Welcome: exchanges frames and monitors the connection. Owns the socket. */
export class ControlConnection {
  readonly ended: Promise<ControlEnd>;
  readonly #socket: Duplex;
  readonly #handlers: ControlHandlers;
  readonly #clock: Clock;
  readonly #channel: FrameChannel<Frame>;
  /** Set where the server said why it ends. */
  #farewell: ControlEnd | undefined;

  constructor(socket: Duplex, { pingIntervalMs, handlers, clock }: ControlConnectionOptions) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#clock = clock;
    let settle!: (end: ControlEnd) => void;
    this.ended = new Promise((resolve) => {
      settle = resolve;
    });
    this.#channel = new FrameChannel(socket, {
      grammar: () => readFrame(MIP2_LIMITS.body),
      onFrame: (frame) => {
        this.#dispatch(frame);
      },
      backpressure: null,
      onEnd: (cause) => {
        settle(this.#farewell ?? { kind: "lost", cause });
      },
      describeEnd,
      unsentBytes: AGENT_LIMITS.unsentBytes,
      liveness: {
        clock,
        pingMs: Math.min(pingIntervalMs, AGENT_LIMITS.pingMs),
        silenceMs: AGENT_LIMITS.silenceMs,
        ping: PING,
      },
    });
  }

  /** Starts reading; the first frames may be delivered during this call. */
  start(): void {
    this.#channel.start();
  }

  /** Sends a frame, or discards it if the connection has ended. */
  send(frame: Buffer): void {
    this.#channel.send(frame);
  }

  /** Closes it in order: queued frames are still sent. Idempotent. */
  async close(): Promise<void> {
    this.#channel.end(new PeerClosed("AGENT_CLOSING", "the agent closes"));
    const socket = this.#socket;
    if (socket.closed) return;
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    const cancelGrace = this.#clock.after(AGENT_LIMITS.closeGraceMs, () => socket.destroy());
    socket.resume();
    socket.end();
    await closed;
    cancelGrace();
  }

  #dispatch(frame: Frame): void {
    this.#handlers.onHeard();
    switch (frame.type) {
      case FrameType.setupRequest:
        this.#handlers.onSetup(frame.value);
        return;
      case FrameType.ping:
        this.send(encodePing(FrameType.pong, frame.value));
        return;
      case FrameType.pong:
        return;
      case FrameType.request:
        this.#handlers.onRequest(parseMessage(request, frame.value, "request"));
        return;
      case FrameType.reply:
        this.#handlers.onReply(parseMessage(reply, frame.value, "reply"));
        return;
      case FrameType.spareWanted:
        this.#handlers.onSpareWanted(parseMessage(spareWanted, frame.value, "wish for spares"));
        return;
      case FrameType.rotate:
        this.#handlers.onRotate();
        return;
      case FrameType.authority:
        this.#handlers.onAuthority(parseMessage(serviceAuthority, frame.value, "authority"));
        return;
      case FrameType.drain: {
        const { reason, reconnectWithinMs } = parseMessage(drain, frame.value, "drain");
        this.#closeWith({ kind: "drained", reason, withinMs: reconnectWithinMs });
        return;
      }
      case FrameType.refused:
        this.#closeWith({
          kind: "refused",
          refusal: new ServerRefusal(parseMessage(refused, frame.value, "refusal")),
        });
        return;
      default:
        throw new ProtocolError("MIP_UNEXPECTED", `a server sends no frame of type ${frame.type} here`);
    }
  }

  #closeWith(end: ControlEnd): void {
    this.#farewell = end;
    void this.close();
  }
}

const PING = encodePing(FrameType.ping, Buffer.alloc(0));

function describeEnd(end: FrameChannelEnd, cause?: Error): Error {
  switch (end) {
    case "closed":
      return new PeerClosed("PEER_CLOSED", "the server closed the control connection");
    case "failed":
      return new PeerClosed("PEER_CLOSED", `control connection failed: ${cause?.message}`, { cause });
    case "silent":
      return new TimeoutError("PATH_DEAD", `no frame from the server for ${AGENT_LIMITS.silenceMs} ms`);
    case "unread":
      return new LimitError("UNSENT_LIMIT", "the server does not read the control connection");
  }
}
