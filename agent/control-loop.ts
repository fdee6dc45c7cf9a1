import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import {
  type AgentRole,
  describeError,
  isPosternError,
  PeerClosed,
  type Clock,
  type Welcome,
  formatHostPort,
  type HostPort,
} from "../protocol/index.ts";
import type { AgentIdentity } from "./enrol/agent-identity.ts";
import { ProofChoice } from "./enrol/proof-choice.ts";
import { proveAgent } from "./enrol/prove-agent.ts";
import { ServerRefusal } from "./enrol/server-refusal.ts";
import { AGENT_LIMITS } from "./agent-limits.ts";
import type { ControlEnd } from "./serve/control-connection.ts";
import type { Dialer } from "./dial/dialer.ts";
import type { DialedServer } from "./dial/open-tls.ts";
import { transition, type ControlEvent, type ControlState, type Loss } from "./control-state.ts";

export interface ControlLoopOptions {
  readonly servers: readonly HostPort[];
  readonly dialer: Dialer;
  readonly identity: AgentIdentity;
  readonly joinSecret: string | null;
  readonly name: string;
  readonly role: AgentRole;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Serves a connection until it ends; owns its socket. */
  readonly serve: (socket: TLSSocket, welcome: Welcome, server: HostPort) => Promise<ControlEnd>;
}

/**
 * Keeps one control connection: dials, proves, serves, waits, repeats; until the signal or a final refusal.
 */
export class ControlLoop {
  readonly #options: ControlLoopOptions;
  readonly #proofs: ProofChoice;
  readonly #instance = randomBytes(16).toString("hex");
  #state: ControlState = { kind: "idle" };
  #dialed: DialedServer | null = null;
  #welcome: Welcome | null = null;

  constructor(options: ControlLoopOptions) {
    this.#options = options;
    this.#proofs = new ProofChoice(options.joinSecret !== null);
  }

  /** Settles with the cause of the end: null after the signal, else the final refusal. */
  async run(): Promise<Error | null> {
    const { signal, servers } = this.#options;
    for (;;) {
      if (this.#state.kind === "closed") return this.#state.cause;
      const event: ControlEvent = signal.aborted
        ? { kind: "stop", cause: null }
        : await this.#runState(this.#state);
      this.#state = transition(this.#state, event, servers.length);
      if (this.#state.kind === "closed" || this.#state.kind === "waiting") this.#dropSocket();
    }
  }

  #runState(state: Exclude<ControlState, { kind: "closed" }>): Promise<ControlEvent> | ControlEvent {
    switch (state.kind) {
      case "idle":
        return { kind: "start" };
      case "dialing":
        return this.#dial(state.server);
      case "proving":
        return this.#prove(state.server);
      case "ready":
        return this.#serve();
      case "waiting":
        return this.#wait(state.delayMs);
    }
  }

  async #dial(index: number): Promise<ControlEvent> {
    const { dialer, signal } = this.#options;
    try {
      this.#dialed = await dialer.dial(this.#server(index), AGENT_LIMITS.dialMs, signal);
      return { kind: "connected" };
    } catch (error) {
      return this.#lost(index, error);
    }
  }

  async #prove(index: number): Promise<ControlEvent> {
    const { identity, joinSecret, name, role, clock, signal, log } = this.#options;
    const dialed = this.#dialed;
    if (!dialed) return this.#lost(index, new PeerClosed("PEER_CLOSED", "the connection is gone"));
    const kind = this.#proofs.chooseKind(identity.isKnownTo(dialed.service));
    identity.selectKey();
    try {
      this.#welcome = await proveAgent(dialed.socket, {
        identity,
        enrolSecret: kind === "enrol" ? joinSecret : null,
        name,
        role,
        instance: this.#instance,
        clock,
        signal,
      });
    } catch (error) {
      if (!(error instanceof ServerRefusal)) return this.#lost(index, error);
      const hasOtherKey = error.reason === "PROOF_REFUSED" && identity.markKeyRefused();
      if (hasOtherKey || this.#proofs.noteRefusal(kind, error)) {
        this.#dropSocket();
        return { kind: "again" };
      }
      return this.#refused(index, this.#proofs.explain(error));
    }
    this.#proofs.noteWelcome();
    await this.#recordWelcome(dialed.service, this.#welcome.agentId);
    log.info(
      {
        event: "agent.connected",
        server: formatHostPort(this.#server(index)),
        agentId: identity.agentId,
      },
      "connected to the server",
    );
    return { kind: "welcomed", at: clock.monotonic() };
  }

  async #recordWelcome(service: string, agentId: string): Promise<void> {
    const { identity, log } = this.#options;
    try {
      await identity.recordWelcome(service, agentId);
    } catch (error) {
      // The key itself is saved. Without this record the next start sends the join secret again, which is
      // harmless.
      log.warn({ event: "key.unwritable", reason: describeError(error) }, "the key file cannot be updated");
    }
  }

  async #serve(): Promise<ControlEvent> {
    const dialed = this.#dialed;
    const welcome = this.#welcome;
    const index = this.#state.kind === "ready" ? this.#state.server : 0;
    if (!dialed || !welcome)
      return this.#lost(index, new PeerClosed("PEER_CLOSED", "the connection is gone"));
    // From here on `serve` owns the socket.
    this.#dialed = null;
    const end = await this.#options.serve(dialed.socket, welcome, this.#server(index));
    switch (end.kind) {
      case "lost":
        return this.#lost(index, end.cause);
      case "refused":
        return this.#refused(index, end.refusal);
      case "drained":
        this.#options.log.info(
          { event: "agent.drained", reason: end.reason, withinMs: end.withinMs },
          "the server asks to reconnect later",
        );
        return this.#loss({ spreadMs: end.withinMs });
    }
  }

  #wait(delayMs: number): Promise<ControlEvent> {
    const { clock, signal } = this.#options;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal.removeEventListener("abort", finish);
        resolve({ kind: "waited" });
      };
      const cancel = clock.after(delayMs, finish);
      signal.addEventListener("abort", finish);
    });
  }

  #refused(index: number, refusal: ServerRefusal): ControlEvent {
    const { log } = this.#options;
    const server = formatHostPort(this.#server(index));
    const details = { event: "agent.refused", server, code: refusal.reason, reason: refusal.safeMessage };
    if (refusal.isFinal) {
      log.error({ ...details, said: refusal.message }, "the server refuses this agent for good");
      return { kind: "stop", cause: refusal };
    }
    log.warn({ ...details, retryAfterMs: refusal.retryAfterMs }, "the server refuses this agent for now");
    const pace = refusal.reason === "REPLACED" ? "slow" : "normal";
    return this.#loss({ pace, retryAfterMs: refusal.retryAfterMs ?? 0 });
  }

  #lost(index: number, error: unknown): ControlEvent {
    const { log, signal } = this.#options;
    if (!signal.aborted) {
      const reason = isPosternError(error) ? `${error.code}: ${error.message}` : describeError(error);
      log.warn(
        { event: "agent.disconnected", server: formatHostPort(this.#server(index)), reason },
        "no connection",
      );
    }
    return this.#loss({});
  }

  #loss(details: Partial<Pick<Loss, "pace" | "retryAfterMs" | "spreadMs">>): Loss {
    const { clock, random } = this.#options;
    return { kind: "lost", at: clock.monotonic(), dice: random(), pace: "normal", ...details };
  }

  #dropSocket(): void {
    this.#dialed?.socket.destroy();
    this.#dialed = null;
  }

  #server(index: number): HostPort {
    const server = this.#options.servers[index];
    if (!server) throw new Error(`no server ${index}`);
    return server;
  }
}
