import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  describeError,
  encodeSetupResponse,
  PeerClosed,
  SETUP_PENDING,
  type Clock,
  type Mip2SetupRequest,
  formatHostPort,
  type HostPort,
} from "../../protocol/index.ts";
import type { PublishedDesktop } from "../agent.ts";
import type { Dialer } from "../dial/dialer.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { isAllowedServer, type AllowedServer } from "./allowed-servers.ts";
import { DataSession } from "./data-session.ts";
import { openEndpoint, type EndpointConnection } from "./open-endpoint.ts";
import { openBoth } from "./open-both.ts";
import { relayServerInit } from "./relay-server-init.ts";
import type { WatchedPath } from "./server-path.ts";
import { SetupFailure } from "./setup-failure.ts";

/** How a request came, and is answered. */
interface SetupRoute {
  readonly open: (desktop: PublishedDesktop) => Promise<[EndpointConnection, Duplex]>;
  readonly answer: (frame: Buffer, isOpen: boolean) => void;
  /** Tells the server that the answer takes longer. */
  readonly notify: (frame: Buffer) => void;
}

export interface SetupHandlerOptions {
  readonly allowed: readonly AllowedServer[];
  readonly dialer: Dialer;
  readonly findDesktop: (name: string) => PublishedDesktop | undefined;
  readonly path: WatchedPath;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers Setup requests and owns the resulting data connections, which outlive the control connection. */
export class SetupHandler {
  readonly #options: SetupHandlerOptions;
  readonly #closing = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  readonly #sessions = new Set<DataSession>();

  constructor(options: SetupHandlerOptions) {
    this.#options = options;
  }

  /**
   * @param home the server that sent the request: used when the request names none
   * @param answer sends one frame on the control connection of the request
   */
  handle(request: Mip2SetupRequest, home: HostPort, answer: (frame: Buffer) => void): void {
    this.#track(
      this.#handle(request, {
        open: (desktop) => this.#openByDial(request, home, desktop),
        answer,
        notify: answer,
      }),
    );
  }

  /**
   * The same for a request that arrived on a spare connection, which then carries the viewer.
   * @param data belongs to this object from now on
   * @param notify sends one frame on the control connection of the same server
   */
  handleOnSpare(data: Duplex, request: Mip2SetupRequest, notify: (frame: Buffer) => void): void {
    const answer = (frame: Buffer, isOpen: boolean): void => {
      if (!isOpen) data.end(frame);
    };
    this.#track(this.#handle(request, { open: (desktop) => this.#openOn(data, desktop), answer, notify }));
  }

  /** Ends all data connections in order. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new PeerClosed("AGENT_CLOSING", "the agent closes"));
    for (const session of this.#sessions) session.close();
    await Promise.all(this.#pending);
  }

  #track(serving: Promise<void>): void {
    const tracked = serving.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  async #handle(request: Mip2SetupRequest, { open, answer, notify }: SetupRoute): Promise<void> {
    const { ticket, desktop } = request;
    const log = this.#options.log.child({ desktop });
    const cancelNotice = this.#options.clock.after(AGENT_LIMITS.attendedNoticeMs, () => {
      log.info({ event: "setup.waiting" }, "the VNC server is slow; it may be asking somebody");
      notify(encodeSetupResponse({ ticket, status: SETUP_PENDING, code: "" }));
    });
    let opened: [EndpointConnection, Duplex];
    try {
      opened = await this.#open(request, open);
    } catch (error) {
      const failure = error instanceof SetupFailure ? error : new SetupFailure("SERVER_PROTOCOL", error);
      log.warn({ event: "setup.failed", code: failure.setupCode, reason: failure.message }, "set-up failed");
      answer(encodeSetupResponse({ ticket, status: 0, code: failure.setupCode }), false);
      return;
    } finally {
      cancelNotice();
    }
    answer(encodeSetupResponse({ ticket, status: 1, code: "" }), true);
    const [endpoint, data] = opened;
    if (endpoint.hasTightCapabilities && !(await this.#relayServerInit(endpoint, data, log))) return;
    await this.#runSession(
      new DataSession(data, endpoint.stream, { ...this.#options, tcp: endpoint.tcp }),
      log.child({ security: endpoint.security }),
    );
  }

  async #open(
    request: Mip2SetupRequest,
    open: (desktop: PublishedDesktop) => Promise<[EndpointConnection, Duplex]>,
  ): Promise<[EndpointConnection, Duplex]> {
    const desktop = this.#options.findDesktop(request.desktop);
    if (!desktop) throw new SetupFailure("DESKTOP_UNKNOWN");
    if (this.#pending.size >= AGENT_LIMITS.dataConnections) throw new SetupFailure("AGENT_BUSY");
    const opened = await open(desktop);
    opened[1].write(encodeSetupResponse({ ticket: request.ticket, status: 1, code: "" }));
    return opened;
  }

  async #openOn(data: Duplex, desktop: PublishedDesktop): Promise<[EndpointConnection, Duplex]> {
    return [await openEndpoint(desktop, this.#options.clock, this.#closing.signal), data];
  }

  async #openByDial(
    request: Mip2SetupRequest,
    home: HostPort,
    desktop: PublishedDesktop,
  ): Promise<[EndpointConnection, Duplex]> {
    const { clock, allowed } = this.#options;
    const named = { host: request.proxyHost, port: request.proxyPort };
    const server = named.host === "" ? home : named;
    if (!isAllowedServer(allowed, server)) throw notAllowed(formatHostPort(server));
    let cancelIdle = (): void => undefined;
    const [endpoint, data] = await openBoth<EndpointConnection, Duplex>(
      this.#closing.signal,
      (signal) => openEndpoint(desktop, clock, signal),
      async (signal) => {
        const dialled = await this.#dialData(server, signal);
        cancelIdle = clock.after(AGENT_LIMITS.dataIdleMs, () => dialled.destroy());
        return dialled;
      },
    ).finally(() => {
      cancelIdle();
    });
    return [endpoint, data.destroyed ? await this.#dialAgain(server, endpoint) : data];
  }

  /** The first data connection was closed while the VNC server asked a person. */
  async #dialAgain(server: HostPort, endpoint: EndpointConnection): Promise<Duplex> {
    try {
      return await this.#dialData(server, this.#closing.signal);
    } catch (error) {
      endpoint.destroy();
      throw error;
    }
  }

  async #relayServerInit(endpoint: EndpointConnection, data: Duplex, log: Logger): Promise<boolean> {
    try {
      await relayServerInit(data, endpoint.stream, this.#options.clock, this.#closing.signal);
      return true;
    } catch (error) {
      endpoint.destroy();
      data.destroy();
      log.warn({ event: "data.end", cause: describeError(error) }, "viewer gone before the first picture");
      return false;
    }
  }

  async #dialData(server: HostPort, signal: AbortSignal): Promise<Duplex> {
    try {
      const dialed = await this.#options.dialer.dial(server, AGENT_LIMITS.dataDialMs, signal);
      dialed.socket.setKeepAlive(true, AGENT_LIMITS.keepAliveMs);
      return dialed.socket;
    } catch (error) {
      throw new SetupFailure("PROXY_UNREACHABLE", error);
    }
  }

  async #runSession(session: DataSession, log: Logger): Promise<void> {
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
