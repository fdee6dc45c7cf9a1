import type { Duplex } from "node:stream";
import { PeerClosed, pipe, type Clock, type Pipe } from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import type { EndpointTcp } from "./endpoint-tcp.ts";
import type { WatchedPath } from "./server-path.ts";

export interface DataSessionEnd {
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
  /** Null: both sides ended in order. */
  readonly cause: Error | null;
}

export interface DataSessionOptions {
  readonly clock: Clock;
  readonly path: WatchedPath;
  /** Of the VNC server, if it is on another host. */
  readonly tcp?: EndpointTcp | null;
}

/**
 * Moves bytes between a desktop's VNC server and a data connection. Each direction may end first. It owns
 * both streams from now on and does not depend on the control connection.
 */
export class DataSession {
  readonly ended: Promise<DataSessionEnd>;
  readonly #data: Duplex;
  readonly #vncServer: Duplex;
  readonly #clock: Clock;
  readonly #toViewer: Pipe;
  readonly #toVncServer: Pipe;
  readonly #tcp: EndpointTcp | null;
  /** Of each direction, when the VNC server's host was last known to have got everything, or was heard. */
  #acknowledged = { toServer: 0, toViewer: 0 };
  #cancelLinger: (() => void) | undefined;
  #cancelTick: () => void = () => undefined;
  #ranAt: number;
  /** The latest tick came late, and what waited meanwhile is read next, in the same turn of the event loop. */
  #isTickLate = false;
  readonly #path: WatchedPath;
  /** When the server last sent something on this connection. */
  #chunkAt: number;
  /** Until then input may be older than it looks, because the path had halted. */
  #doubtUntil = -Infinity;
  /** Such input, while it may still turn out that its viewer is gone. */
  readonly #doubtful: Buffer[] = [];
  #doubtfulBytes = 0;
  #cancelDoubt: () => void = () => undefined;
  #cause: Error | null = null;
  #closing = false;

  constructor(data: Duplex, vncServer: Duplex, { clock, path, tcp = null }: DataSessionOptions) {
    this.#data = data;
    this.#vncServer = vncServer;
    this.#clock = clock;
    this.#path = path;
    this.#ranAt = clock.monotonic();
    this.#chunkAt = this.#ranAt;
    this.#tcp = tcp;
    this.#toViewer = pipe(vncServer, data);
    this.#toVncServer = pipe(data, vncServer, (chunk, forward) => {
      this.#refuseStaleInput(chunk);
      if (this.#isDoubtful(chunk)) this.#holdBack(chunk, forward);
      else forward(chunk);
    });
    // Postern's server has given up the session, so what was typed into it is not to run.
    for (const end of ["end", "close"]) data.once(end, () => this.#takeDoubtful());
    this.#tick();
    const observe = (ended: Promise<void>): Promise<void> =>
      ended.then(
        () => {
          this.#watchLinger();
        },
        (error: unknown) => {
          if (!this.#closing) this.destroy(error instanceof Error ? error : new Error(String(error)));
        },
      );
    const closed = Promise.all([whenClosed(data), whenClosed(vncServer)]);
    void observe(this.#toViewer.ended);
    void observe(this.#toVncServer.ended);
    this.ended = closed.then(() => {
      this.#cancelLinger?.();
      this.#cancelTick();
      this.#cancelDoubt();
      const { bytes: bytesToViewer } = this.#toViewer;
      return { bytesToViewer, bytesToServer: this.#toVncServer.bytes, cause: this.#cause };
    });
  }

  /** Ends both streams after their buffered bytes were sent, or after a grace period. Idempotent. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#cause ??= new PeerClosed("AGENT_CLOSING", "the agent closes");
    this.#stopPipes();
    for (const stream of [this.#data, this.#vncServer]) {
      // With unread input, closing would send a reset, and the peer could lose bytes that were sent.
      stream.resume();
      stream.end();
    }
    this.#clock.after(AGENT_LIMITS.closeGraceMs, () => {
      this.destroy(new PeerClosed("AGENT_CLOSING", "the agent closes"));
    });
  }

  /** Ends both streams now. Only the first cause is reported. */
  destroy(cause: Error): void {
    this.#cause ??= cause;
    this.#stopPipes();
    this.#data.destroy();
    this.#vncServer.destroy();
  }

  #stopPipes(): void {
    this.#toViewer.stop();
    this.#toVncServer.stop();
  }

  get #bytesMoved(): number {
    return this.#toViewer.bytes + this.#toVncServer.bytes;
  }

  get #hasStoodStill(): boolean {
    return this.#clock.monotonic() - this.#ranAt > AGENT_LIMITS.stallMs;
  }

  #tick(): void {
    this.#isTickLate = this.#hasStoodStill;
    if (this.#isTickLate)
      setImmediate(() => {
        this.#isTickLate = false;
      });
    this.#ranAt = this.#clock.monotonic();
    this.#path.probe();
    if (this.#tcp) void this.#watchEndpoint(this.#tcp);
    this.#cancelTick = this.#clock.after(AGENT_LIMITS.runTickMs, () => {
      this.#tick();
    });
  }

  /**
   * On a path that was cut without a word, TCP goes on sending for a quarter of an hour, without its keep-alive: nobody would
   * be told, and what was typed would run whenever the path is back.
   */
  async #watchEndpoint(tcp: EndpointTcp): Promise<void> {
    const now = { toServer: this.#toVncServer.bytes, toViewer: this.#toViewer.bytes };
    const { toServer, toViewer } = this.#acknowledged;
    if (now.toServer === toServer || now.toViewer > toViewer) {
      this.#acknowledged = { toServer, toViewer: now.toViewer };
      return;
    }
    const retransmissions = await tcp.countRetransmissions();
    if (retransmissions === null) this.#acknowledged = now;
    if ((retransmissions ?? 0) < AGENT_LIMITS.endpointRetransmissions) return;
    tcp.reset();
    this.destroy(new PeerClosed("ENDPOINT_SILENT", "the VNC server's host does not answer any more"));
  }

  /**
   * What waited while this process was stopped was typed at a picture that stood still. It is read before the tick that is
   * late, or right after it.
   * @throws PeerClosed `AGENT_STALLED`
   */
  #refuseStaleInput(chunk: Buffer): void {
    if (!(this.#isTickLate || this.#hasStoodStill) || isHarmlessLate(chunk)) return;
    throw new PeerClosed("AGENT_STALLED", "input waited while the agent stood still");
  }

  /**
   * A path that halts keeps what was typed before anybody knew, and brings it when it goes on: as late again as it had
   * halted, for a TCP that tries again ever more rarely.
   */
  #isDoubtful(chunk: Buffer): boolean {
    const now = this.#clock.monotonic();
    const { silentSince, latestHalt } = this.#path;
    if (latestHalt) this.#doubtAfter(latestHalt.from, latestHalt.to);
    if (silentSince !== null) this.#doubtAfter(silentSince, now);
    this.#chunkAt = now;
    return this.#doubtful.length > 0 || (now < this.#doubtUntil && !isHarmlessLate(chunk));
  }

  /** @param from when the path may have halted, if nothing came on this connection since. @param to when it went on */
  #doubtAfter(from: number, to: number): void {
    const haltedMs = to - Math.max(from, this.#chunkAt);
    if (haltedMs <= AGENT_LIMITS.stallMs) return;
    this.#doubtUntil = Math.max(this.#doubtUntil, to + Math.min(haltedMs, AGENT_LIMITS.silenceMs));
  }

  /**
   * Postern's server ends the session into which something was typed while the path halted, and the end comes right behind it.
   * @throws PeerClosed `AGENT_STALLED`
   */
  #holdBack(chunk: Buffer, forward: (chunk: Buffer) => void): void {
    this.#doubtful.push(Buffer.from(chunk));
    this.#doubtfulBytes += chunk.length;
    if (this.#doubtfulBytes > AGENT_LIMITS.doubtfulBytes)
      throw new PeerClosed("AGENT_STALLED", "too much input came at once behind a halt of the path");
    if (this.#doubtful.length > 1) return;
    this.#cancelDoubt = this.#clock.after(AGENT_LIMITS.doubtMs, () => {
      for (const held of this.#takeDoubtful()) forward(held);
    });
  }

  #takeDoubtful(): Buffer[] {
    this.#doubtfulBytes = 0;
    return this.#doubtful.splice(0);
  }

  /** One direction has ended: the other may continue while it has traffic, but not without limit. */
  #watchLinger(): void {
    this.#cancelLinger?.();
    const before = this.#bytesMoved;
    this.#cancelLinger = this.#clock.after(AGENT_LIMITS.lingerMs, () => {
      if (this.#bytesMoved === before)
        this.destroy(new PeerClosed("HALF_CLOSED", "one side ended and the other stayed silent"));
      else this.#watchLinger();
    });
  }
}

const UPDATE_REQUEST = { type: 3, bytes: 10 };
const KEY_EVENT = { type: 4, bytes: 8 };
/** QEMU's: the sub-type and a U16 that says whether the key is down follow. */
const EXTENDED_KEY_EVENT = { type: 255, bytes: 12 };

/**
 * Nothing but FramebufferUpdateRequests and releases of keys, which may be late; without its release a key would stay down.
 * @see RFC 6143 §7.5.3, §7.5.4
 */
function isHarmlessLate(chunk: Buffer): boolean {
  let at = 0;
  while (at < chunk.length) {
    if (chunk[at] === UPDATE_REQUEST.type) at += UPDATE_REQUEST.bytes;
    else if (chunk[at] === KEY_EVENT.type && chunk[at + 1] === 0) at += KEY_EVENT.bytes;
    else if (chunk[at] === EXTENDED_KEY_EVENT.type && isExtendedRelease(chunk, at))
      at += EXTENDED_KEY_EVENT.bytes;
    else return false;
  }
  return at === chunk.length;
}

function isExtendedRelease(chunk: Buffer, at: number): boolean {
  return chunk[at + 1] === 0 && chunk[at + 2] === 0 && chunk[at + 3] === 0;
}

function whenClosed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once("close", resolve);
  });
}
