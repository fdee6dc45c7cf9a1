import { encodePing, FrameType, type Clock } from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";

/** A time in which nothing was heard of the server (monotonic). */
export interface PathHalt {
  readonly from: number;
  readonly to: number;
}

/** What data sessions know of the path that they share with the control connection. */
export interface WatchedPath {
  /** When the server was heard last (monotonic). */
  readonly heardAt: number;
  /** The latest halt that is over. */
  readonly latestHalt: PathHalt | null;
  /** Makes the server answer, unless it was asked a moment ago. */
  probe(): void;
}

/** When the server was heard, and when it was not: a halted path brings late what was sent into it. */
export class ServerPath implements WatchedPath {
  readonly #clock: Clock;
  #heardAt: number;
  #probedAt = -Infinity;
  #latestHalt: PathHalt | null = null;
  #send: ((frame: Buffer) => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  get latestHalt(): PathHalt | null {
    return this.#latestHalt;
  }

  /** @param send sends a frame on the control connection, which has just been welcomed */
  attach(send: (frame: Buffer) => void): void {
    this.#send = send;
    this.hear();
  }

  detach(): void {
    this.#send = null;
  }

  /** The server has sent something. */
  hear(): void {
    const now = this.#clock.monotonic();
    if (now - this.#heardAt > AGENT_LIMITS.stallMs) this.#latestHalt = { from: this.#heardAt, to: now };
    this.#heardAt = now;
  }

  /** Newer servers send pings by themselves while sessions are open. */
  probe(): void {
    const now = this.#clock.monotonic();
    if (now - this.#probedAt < AGENT_LIMITS.pathProbeMs) return;
    this.#probedAt = now;
    this.#send?.(PING);
  }
}

const PING = encodePing(FrameType.ping, Buffer.alloc(0));
