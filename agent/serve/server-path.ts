import { encodePing, FrameType, type Clock } from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";

/** A time in which nothing was heard of the server (monotonic). */
export interface PathHalt {
  readonly from: number;
  readonly to: number;
}

/** What data sessions know of the path that they share with the control connection. */
export interface WatchedPath {
  /** When the server was heard last (monotonic); null: it ended the connection in order, and nobody waits for it. */
  readonly silentSince: number | null;
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
  #endedInOrder = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
  }

  get silentSince(): number | null {
    return this.#endedInOrder ? null : this.#heardAt;
  }

  get latestHalt(): PathHalt | null {
    return this.#latestHalt;
  }

  /** @param send sends a frame on the control connection, which has just been welcomed */
  attach(send: (frame: Buffer) => void): void {
    this.#send = send;
    // After an end in order the server was not asked: the time until now is no halt.
    if (this.#endedInOrder) this.#heardAt = this.#clock.monotonic();
    this.#endedInOrder = false;
    this.hear();
  }

  /** @param inOrder the server said that it ends the connection, so the path was there */
  detach(inOrder: boolean): void {
    this.#send = null;
    this.#endedInOrder = inOrder;
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
