import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  describeError,
  encodeSetupResponse,
  PeerClosed,
  type Clock,
  type SetupRequest,
} from "../../protocol/index.ts";
import type { PublishedDesktop } from "../agent.ts";
import type { Dialer } from "../dial/dialer.ts";
import { describeServer, type ServerAddress } from "../dial/server-address.ts";
import { AGENT_LIMITS } from "../limits.ts";
import { isAllowedServer, type AllowedServer } from "./allowed-servers.ts";
import { DataSession } from "./data-session.ts";
import { enterEndpoint } from "./enter-endpoint.ts";
import { openBoth } from "./open-both.ts";
import { SetupFailure } from "./setup-failure.ts";

export interface SetupServerOptions {
  readonly allowed: readonly AllowedServer[];
  readonly dialer: Dialer;
  readonly findDesktop: (name: string) => PublishedDesktop | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers Setup requests, and owns the data connections that come of them: they outlive the control connection. */
export class SetupServer {
  readonly #options: SetupServerOptions;
  readonly #closing = new AbortController();
  readonly #serving = new Set<Promise<void>>();
  readonly #sessions = new Set<DataSession>();

  constructor(options: SetupServerOptions) {
    this.#options = options;
  }

  /**
   * @param home the server that the request came from: meant when the request names none
   * @param answer sends one frame on the control connection that the request came by
   */
  serve(request: SetupRequest, home: ServerAddress, answer: (frame: Buffer) => void): void {
    const serving = this.#serve(request, home, answer).finally(() => this.#serving.delete(serving));
    this.#serving.add(serving);
  }

  /** Ends all data connections in order. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new PeerClosed("AGENT_CLOSING", "the agent closes"));
    for (const session of this.#sessions) session.close();
    await Promise.all(this.#serving);
  }

  async #serve(request: SetupRequest, home: ServerAddress, answer: (frame: Buffer) => void): Promise<void> {
    const { ticket, desktop } = request;
    const log = this.#options.log.child({ desktop });
    let session: DataSession;
    try {
      session = await this.#open(request, home);
    } catch (error) {
      const failure = error instanceof SetupFailure ? error : new SetupFailure("SERVER_PROTOCOL", error);
      log.warn({ event: "setup.failed", code: failure.setupCode, reason: failure.message }, "set-up failed");
      answer(encodeSetupResponse({ ticket, status: 0, code: failure.setupCode }));
      return;
    }
    answer(encodeSetupResponse({ ticket, status: 1, code: "" }));
    await this.#follow(session, log);
  }

  async #open(request: SetupRequest, home: ServerAddress): Promise<DataSession> {
    const { clock, findDesktop, allowed } = this.#options;
    const desktop = findDesktop(request.desktop);
    if (!desktop) throw new SetupFailure("DESKTOP_UNKNOWN");
    const named = { host: request.proxyHost, port: request.proxyPort };
    const server = named.host === "" ? home : named;
    if (!isAllowedServer(allowed, server)) throw notAllowed(describeServer(server));
    if (this.#serving.size >= AGENT_LIMITS.dataConnections) throw new SetupFailure("AGENT_BUSY");
    const [stream, data] = await openBoth<Duplex, Duplex>(
      this.#closing.signal,
      (signal) => enterEndpoint(desktop, clock, signal),
      (signal) => this.#dialData(server, signal),
    );
    data.write(encodeSetupResponse({ ticket: request.ticket, status: 1, code: "" }));
    return new DataSession(data, stream, clock);
  }

  async #dialData(server: ServerAddress, signal: AbortSignal): Promise<Duplex> {
    try {
      const dialed = await this.#options.dialer.dial(server, AGENT_LIMITS.dataDialMs, signal);
      dialed.socket.setKeepAlive(true, AGENT_LIMITS.keepAliveMs);
      return dialed.socket;
    } catch (error) {
      throw new SetupFailure("PROXY_UNREACHABLE", error);
    }
  }

  async #follow(session: DataSession, log: Logger): Promise<void> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    this.#sessions.add(session);
    log.info({ event: "data.open" }, "viewer connected");
    if (this.#closing.signal.aborted) session.close();
    const { cause, bytesToViewer, bytesToServer } = await session.ended;
    this.#sessions.delete(session);
    const durationMs = Math.round(clock.monotonic() - startedAt);
    log.info(
      {
        event: "data.end",
        cause: cause === null ? "ended" : describeError(cause),
        bytesToViewer,
        bytesToServer,
        durationMs,
      },
      "viewer gone",
    );
  }
}

function notAllowed(server: string): SetupFailure {
  return new SetupFailure("PROXY_NOT_ALLOWED", new Error(`${server} is neither --proxy nor allowed`));
}
