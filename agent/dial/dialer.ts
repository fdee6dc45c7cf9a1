import type { Logger } from "pino";
import {
  describeError,
  isPosternError,
  PosternError,
  type Clock,
  formatHostPort,
  type HostPort,
} from "../../protocol/index.ts";
import type { HttpProxySettings, TransportChoice, ServerTrust } from "../agent.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { dialServer, type Transport } from "./dial-server.ts";
import { chooseProxies, type ProxyChoice } from "./http-proxy.ts";
import type { DialedServer } from "./open-tls.ts";

export interface DialerOptions {
  readonly trust: ServerTrust;
  /** The fingerprints that are currently valid for a pinned one. Default: only the pinned one. */
  readonly pinsFor?: (sha256: string) => readonly string[];
  readonly transport: TransportChoice;
  readonly httpProxy: HttpProxySettings | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes every connection from the agent to a server. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #chooseProxy: ProxyChoice;
  /** Servers reachable only by WebSocket, and until when this is assumed (monotonic). */
  readonly #websocketOnlyUntil = new Map<string, number>();

  /** @throws ConfigError `HTTP_PROXY` */
  constructor(options: DialerOptions) {
    this.#options = options;
    this.#chooseProxy = chooseProxies(options.httpProxy);
  }

  /** The caller owns the socket. @throws the errors of {@link dialServer} */
  dial(server: HostPort, deadlineMs: number, signal: AbortSignal): Promise<DialedServer> {
    const { transport } = this.#options;
    if (transport === "auto") return this.#dialEither(server, deadlineMs, signal);
    return this.#dialBy(transport, server, deadlineMs, signal);
  }

  /** Plain TLS is faster. If something in the network blocks it, a WebSocket may pass. */
  async #dialEither(server: HostPort, deadlineMs: number, signal: AbortSignal): Promise<DialedServer> {
    const { clock, log } = this.#options;
    const name = formatHostPort(server);
    const startedAt = clock.monotonic();
    const knownUntil = this.#websocketOnlyUntil.get(name);
    if (knownUntil !== undefined && startedAt < knownUntil) {
      try {
        return await this.#dialBy("websocket", server, deadlineMs, signal);
      } catch (error) {
        this.#websocketOnlyUntil.delete(name);
        throw error;
      }
    }
    let stopped: unknown;
    try {
      return await this.#dialBy("tls", server, deadlineMs / 2, signal);
    } catch (error) {
      if (!mayPassAsHttps(error)) throw error;
      stopped = error;
    }
    try {
      const left = Math.max(0, deadlineMs - (clock.monotonic() - startedAt));
      const dialed = await this.#dialBy("websocket", server, left, signal);
      this.#websocketOnlyUntil.set(name, clock.monotonic() + AGENT_LIMITS.transportMemoryMs);
      log.info(
        { event: "agent.transport", server: name, transport: "websocket", reason: describeError(stopped) },
        "plain TLS does not pass; a WebSocket does",
      );
      return dialed;
    } catch (error) {
      log.debug(
        { event: "agent.transport_failed", server: name, reason: describeError(error) },
        "no WebSocket",
      );
      // A certificate error of the inner TLS is more specific than the error of the first attempt.
      throw isPosternError(error) && error.code.startsWith("TRUST_") ? error : stopped;
    }
  }

  #dialBy(
    transport: Transport,
    server: HostPort,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<DialedServer> {
    const { trust, pinsFor, clock } = this.#options;
    const pins = trust.kind === "fingerprint" && pinsFor ? { pins: pinsFor(trust.sha256) } : {};
    const httpProxy = this.#chooseProxy(server);
    return dialServer(server, { trust, ...pins, clock, signal, deadlineMs, httpProxy, transport });
  }
}

/** Whether the failure may come from a middlebox that would let HTTPS through. */
function mayPassAsHttps(error: unknown): boolean {
  if (!(error instanceof PosternError)) return false;
  if (error.code.startsWith("TRUST_")) return true;
  return ["DIAL_NO_ALPN", "DIAL_CLOSED", "DIAL_TLS", "DIAL_TLS_SILENT"].includes(error.code);
}
