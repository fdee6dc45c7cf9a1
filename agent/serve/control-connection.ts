import type { Duplex } from "node:stream";
import {
  serviceAuthority,
  drain,
  encodePing,
  FrameDecoder,
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

const PING = Buffer.alloc(0);

/** A control connection after its Welcome: exchanges frames and monitors the connection. Owns the socket. */
export class ControlConnection {
  readonly ended: Promise<ControlEnd>;
  readonly #socket: Duplex;
  readonly #handlers: ControlHandlers;
  readonly #clock: Clock;
  readonly #pingMs: number;
  #cancelSilence: () => void = () => undefined;
  #cancelPing: () => void = () => undefined;
  #settle!: (end: ControlEnd) => void;
  #over = false;

  constructor(socket: Duplex, options: ControlConnectionOptions) {
    this.#socket = socket;
    this.#handlers = options.handlers;
    this.#clock = options.clock;
    this.#pingMs = Math.min(options.pingIntervalMs, AGENT_LIMITS.pingMs);
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    socket.on("error", (error) => {
      this.#fail(
        new PeerClosed("PEER_CLOSED", `control connection failed: ${error.message}`, { cause: error }),
      );
    });
    const onEnd = (): void => {
      this.#fail(new PeerClosed("PEER_CLOSED", "the server closed the control connection"));
    };
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    if (socket.destroyed) onEnd();
  }

  /** Starts reading; the first frames may be delivered during this call. */
  start(): void {
    const decoder = new FrameDecoder(
      () => readFrame(MIP2_LIMITS.body),
      (frame) => {
        if (!this.#over) this.#dispatch(frame);
      },
    );
    this.#watchSilence();
    this.#schedulePing();
    this.#socket.on("data", (chunk: Buffer) => {
      if (this.#over) return;
      this.#watchSilence();
      try {
        decoder.push(chunk);
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#socket.resume();
  }

  /** Sends a frame, or discards it if the connection has ended. */
  send(frame: Buffer): void {
    if (this.#over) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength > AGENT_LIMITS.unsentBytes)
      this.#fail(new LimitError("UNSENT_LIMIT", "the server does not read the control connection"));
  }

  /** Closes it in order: queued frames are still sent. Idempotent. */
  async close(): Promise<void> {
    this.#finish({ kind: "lost", cause: new PeerClosed("AGENT_CLOSING", "the agent closes") });
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

  #watchSilence(): void {
    this.#cancelSilence();
    if (this.#over) return;
    this.#cancelSilence = this.#clock.after(AGENT_LIMITS.silenceMs, () => {
      this.#fail(new TimeoutError("PATH_DEAD", `no frame from the server for ${AGENT_LIMITS.silenceMs} ms`));
    });
  }

  #schedulePing(): void {
    if (this.#over) return;
    this.#cancelPing = this.#clock.after(this.#pingMs, () => {
      this.send(encodePing(FrameType.ping, PING));
      this.#schedulePing();
    });
  }

  #fail(cause: Error): void {
    this.#finish({ kind: "lost", cause });
    this.#socket.destroy();
  }

  #closeWith(end: ControlEnd): void {
    this.#finish(end);
    void this.close();
  }

  #finish(end: ControlEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelSilence();
    this.#cancelPing();
    this.#settle(end);
  }
}
