import type { Clock } from "../../protocol/index.ts";
import type { ViewerPings } from "../model/accepted-viewer.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { RoundTrips } from "../model/round-trips.ts";
import type { AgentPulse } from "../pair/pairing.ts";
import type { RelayTraffic } from "./stream-stage.ts";

/** A tick that is so late means that this process did not run. */
const STALL_MS = 500;

/** What a page is asked, as JSON in a text message of its WebSocket; it answers with the number alone. */
interface Ping {
  readonly ping: number;
  /** False: the agent of the desktop has gone silent, so the picture is old. */
  readonly desktop: boolean;
  /** How long the latest answer of the page took, in milliseconds; null: there was none yet. */
  readonly took: number | null;
}

export interface SessionLivenessOptions {
  /** Null: this viewer answers no pings. What it types is then judged by the agent alone. */
  readonly pings: ViewerPings | null;
  readonly findPulse: () => AgentPulse | null;
  readonly traffic: () => RelayTraffic;
  /** Something was typed that the agent cannot be known to have got, and the agent is silent: called once. */
  readonly onInputLost: () => void;
  /** @see AcceptedViewer.countRetransmissions */
  readonly countRetransmissions: () => Promise<number | null>;
  /** The viewer's path is cut: called once. */
  readonly onViewerLost: () => void;
  readonly clock: Clock;
}

/**
 * Pings both ends of an open session. While one of them is silent, input of the viewer is dropped: it would wait in a buffer
 * and take effect long after it was typed.
 */
export class SessionLiveness {
  readonly #options: SessionLivenessOptions;
  readonly #startedAt: number;
  readonly #page: RoundTrips | null;
  #tookMs: number | null = null;
  /** The desktop has sent bytes since this time, so its agent was alive then (monotonic). */
  #movedAt: number;
  #tickedAt: number;
  /** Since then this process has run without a stall (monotonic). */
  #ranSince: number;
  /** After a stall of this process: until then, input that had been waiting may still be read (monotonic). */
  #staleUntil = -Infinity;
  /** When the latest input was passed on. */
  #inputAt = -Infinity;
  #bytesToViewer: number;
  #bytesToServer: number;
  /** When the viewer last sent something (monotonic), and what had been sent to it by the latest time that it had got all. */
  #viewerHeardAt: number;
  #acknowledgedBytes: number;
  #stopped = false;
  #cancel: () => void = () => undefined;

  constructor(options: SessionLivenessOptions) {
    this.#options = options;
    const now = options.clock.monotonic();
    this.#startedAt = now;
    this.#movedAt = now;
    this.#tickedAt = now;
    this.#ranSince = now;
    const { bytesToViewer, bytesToServer } = options.traffic();
    this.#bytesToViewer = bytesToViewer;
    this.#bytesToServer = bytesToServer;
    this.#viewerHeardAt = now;
    this.#acknowledgedBytes = bytesToViewer;
    this.#page = options.pings && new RoundTrips(now);
    options.pings?.onAnswer((answer) => {
      const askedAt = this.#page?.answer(Number(answer)) ?? null;
      if (askedAt !== null) this.#tookMs = Math.round(options.clock.monotonic() - askedAt);
    });
    this.#ask();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Input has been passed on. */
  noteInput(): void {
    this.#inputAt = this.#options.clock.monotonic();
  }

  /** Also true after a stall of this process, during which neither end was pinged. */
  get holdsInput(): boolean {
    const now = this.#options.clock.monotonic();
    const heard = Math.min(this.#tickedAt + PROXY_LIMITS.sessionPingMs, this.#page?.provenAt ?? now);
    return now < this.#staleUntil || now - heard > PROXY_LIMITS.inputFreshMs || this.#isAgentSilent(now);
  }

  #isAgentSilent(now: number): boolean {
    const pulse = this.#options.findPulse();
    if (!pulse) return false;
    return now - Math.max(pulse.provenAt, this.#startedAt, this.#movedAt) > PROXY_LIMITS.agentSilentMs;
  }

  /**
   * Input lies in some buffer on the way to a silent agent, from where nothing but the end of the session keeps it from
   * running later. Only a question that has waited long is a sign of that, while this process ran and read answers.
   */
  #isInputLost(pulse: AgentPulse, now: number): boolean {
    if (pulse.waitingSince === null || this.#inputAt < pulse.provenAt) return false;
    const silentSince = Math.max(pulse.waitingSince, pulse.readSince, this.#movedAt, this.#ranSince);
    return now - silentSince >= PROXY_LIMITS.agentSilentMs;
  }

  /** TCP goes on sending to a viewer that is gone for a quarter of an hour, and keep-alive waits for that. */
  async #watchViewer(now: number, bytesToViewer: number): Promise<void> {
    if (now - this.#viewerHeardAt < PROXY_LIMITS.viewerQuietMs) return;
    if (bytesToViewer === this.#acknowledgedBytes) return;
    const retransmissions = await this.#options.countRetransmissions();
    if (retransmissions === null) this.#acknowledgedBytes = bytesToViewer;
    if (this.#stopped || (retransmissions ?? 0) < PROXY_LIMITS.viewerRetransmissions) return;
    this.stop();
    this.#options.onViewerLost();
  }

  #ask(): void {
    const { pings, findPulse, traffic, clock } = this.#options;
    const now = clock.monotonic();
    const { bytesToViewer, bytesToServer } = traffic();
    if (bytesToServer > this.#bytesToServer) this.#viewerHeardAt = now;
    this.#bytesToServer = bytesToServer;
    void this.#watchViewer(now, bytesToViewer);
    if (bytesToViewer > this.#bytesToViewer) this.#movedAt = this.#tickedAt;
    this.#bytesToViewer = bytesToViewer;
    if (now - this.#tickedAt > PROXY_LIMITS.sessionPingMs + STALL_MS) this.#ranSince = now;
    if (now - this.#tickedAt > PROXY_LIMITS.inputFreshMs) this.#staleUntil = now + PROXY_LIMITS.sessionPingMs;
    this.#tickedAt = now;
    const pulse = findPulse();
    if (pulse && this.#isInputLost(pulse, now)) {
      this.#options.onInputLost();
      return;
    }
    pulse?.probe();
    if (pings && this.#page) {
      const question: Ping = {
        ping: this.#page.ask(now),
        desktop: !this.#isAgentSilent(now),
        took: this.#tookMs,
      };
      pings.send(JSON.stringify(question));
    }
    this.#cancel = clock.after(PROXY_LIMITS.sessionPingMs, () => {
      this.#ask();
    });
  }
}
