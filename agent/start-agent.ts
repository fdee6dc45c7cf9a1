import type { TLSSocket } from "node:tls";
import {
  ConfigError,
  describeError,
  encodeJsonFrame,
  FrameType,
  MIP2_LIMITS,
  PeerClosed,
  type ServiceAuthority,
  type Welcome,
  type HostPort,
} from "../protocol/index.ts";
import type { RunningAgent, AgentOptions, PublishedDesktop } from "./agent.ts";
import { ControlLoop } from "./control-loop.ts";
import { Dialer } from "./dial/dialer.ts";
import { normalizeTrust } from "./dial/server-trust.ts";
import { announceNewKey } from "./enrol/announce-new-key.ts";
import { loadAgentIdentity, type AgentIdentity } from "./enrol/agent-identity.ts";
import { followCaRotation } from "./enrol/follow-ca-rotation.ts";
import { parseAllowedServers, type AllowedServer } from "./serve/allowed-servers.ts";
import { answerRequest } from "./serve/answer-request.ts";
import { ControlConnection, type ControlEnd } from "./serve/control-connection.ts";
import { Publications } from "./serve/publications.ts";
import { ServerPath } from "./serve/server-path.ts";
import { SetupHandler } from "./serve/setup-handler.ts";
import { SpareConnections } from "./serve/spare-connections.ts";

/**
 * The timer only keeps the process alive while the agent waits to reconnect, so its interval is very long.
 */
const KEEP_ALIVE_TIMER_MS = 2 ** 30;

/**
 * Starts an agent: it dials, enrols or proves its key, publishes its desktops and serves viewers until it is
 * closed.
 * @throws ConfigError `AGENT_SERVERS`, `TRUST_FINGERPRINT`, `TRUST_CA`, `ALLOW_PATTERN`, `DESKTOP_NAME`,
 *   `HTTP_PROXY`
 */
export function startAgent(options: AgentOptions): RunningAgent {
  return new AgentRuntime(options);
}

class AgentRuntime implements RunningAgent {
  readonly ready: Promise<void>;
  readonly stopped: Promise<Error | null>;
  readonly #options: AgentOptions;
  readonly #publications: Publications;
  readonly #dialer: Dialer;
  readonly #allowed: readonly AllowedServer[];
  readonly #setupHandler: SetupHandler;
  readonly #path: ServerPath;
  readonly #closing = new AbortController();
  readonly #connectListeners: (() => void)[] = [];
  readonly #keepAliveTimer = setInterval(() => undefined, KEEP_ALIVE_TIMER_MS);
  #connection: ControlConnection | null = null;
  #spares: SpareConnections | null = null;
  #identity: AgentIdentity | null = null;

  constructor(options: AgentOptions) {
    const { log, clock, servers, random = Math.random } = options;
    if (servers.length === 0) throw noServers();
    const trust = normalizeTrust(options.trust);
    this.#allowed = parseAllowedServers(servers, options.allowServers);
    this.#options = { ...options, trust, random };
    this.#publications = new Publications({ desktops: options.desktops, clock, random, log });
    const { transport = "auto", httpProxy = null } = options;
    const pinsFor = (sha256: string): readonly string[] => this.#identity?.pinsFor(sha256) ?? [sha256];
    this.#dialer = new Dialer({ trust, pinsFor, transport, httpProxy, clock, log });
    this.#path = new ServerPath(clock);
    this.#setupHandler = new SetupHandler({
      path: this.#path,
      allowed: this.#allowed,
      dialer: this.#dialer,
      clock,
      log,
      findDesktop: (name) => this.#publications.find(name),
    });
    this.stopped = this.#run();
    const neverReady = this.stopped.then((cause) => {
      throw (
        cause ?? new PeerClosed("AGENT_CLOSED", "the agent was closed before its desktops were published")
      );
    });
    this.ready = Promise.race([this.#publications.firstPublished, neverReady]);
    // Waiting for `ready` is optional, so its rejection must not be reported as unhandled.
    this.ready.catch(() => undefined);
  }

  publish(desktop: PublishedDesktop): void {
    this.#publications.publish(desktop);
  }

  withdraw(name: string): void {
    this.#publications.withdraw(name);
  }

  emit(name: string, data: unknown): void {
    const frame = encodeJsonFrame(FrameType.event, { name, data });
    // The server would treat a longer frame as an attack and close the connection.
    if (frame.length <= MIP2_LIMITS.body) this.#connection?.send(frame);
    else
      this.#options.log.error({ event: "event.too_long", name, bytes: frame.length }, "an event is too long");
  }

  onConnect(listener: () => void): void {
    this.#connectListeners.push(listener);
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#publications.withdrawAll();
      this.#closing.abort();
    }
    await this.stopped;
  }

  async #run(): Promise<Error | null> {
    let cause: Error | null;
    try {
      cause = await this.#keepConnection();
    } catch (error) {
      cause = error instanceof Error ? error : new Error(String(error));
      this.#options.log.error({ event: "agent.failed", reason: cause.message }, "the agent cannot go on");
    }
    this.#closing.abort();
    await this.#setupHandler.close();
    clearInterval(this.#keepAliveTimer);
    return cause;
  }

  async #keepConnection(): Promise<Error | null> {
    const { random = Math.random, ...options } = this.#options;
    const identity = await loadAgentIdentity(options.dataDir);
    this.#identity = identity;
    this.#spares = new SpareConnections({
      identity,
      role: options.role,
      dialer: this.#dialer,
      allowed: this.#allowed,
      setupHandler: this.#setupHandler,
      clock: options.clock,
      log: options.log,
      signal: this.#closing.signal,
    });
    const loop = new ControlLoop({
      ...options,
      random,
      dialer: this.#dialer,
      identity,
      signal: this.#closing.signal,
      serve: (socket, welcome, server) => this.#serveConnection(socket, welcome, server),
    });
    return loop.run();
  }

  async #serveConnection(socket: TLSSocket, welcome: Welcome, home: HostPort): Promise<ControlEnd> {
    const { clock, log, onRequest } = this.#options;
    const send = (frame: Buffer): void => {
      connection.send(frame);
    };
    const connection = new ControlConnection(socket, {
      pingIntervalMs: welcome.pingIntervalMs,
      clock,
      handlers: {
        onHeard: () => {
          this.#path.hear();
        },
        onSetup: (setup) => {
          this.#setupHandler.handle(setup, home, send);
        },
        onRequest: (request) => {
          void answerRequest(request, onRequest, log).then(send);
        },
        onReply: (reply) => {
          this.#publications.onReply(reply);
        },
        onSpareWanted: (wanted) => {
          this.#spares?.open(wanted, home, send);
        },
        onRotate: () => {
          void this.#rotate(socket, send);
        },
        onAuthority: (authority) => {
          void this.#followCaRotation(authority);
        },
      },
    });
    const close = (): void => {
      void connection.close();
    };
    const { signal } = this.#closing;
    signal.addEventListener("abort", close);
    this.#connection = connection;
    this.#path.attach(send);
    this.#publications.attach(send);
    connection.start();
    for (const listener of this.#connectListeners) listener();
    if (signal.aborted) close();
    const end = await connection.ended;
    signal.removeEventListener("abort", close);
    this.#connection = null;
    this.#path.detach(end.kind !== "lost");
    this.#publications.detach();
    await connection.close();
    return end;
  }

  /** Handles the announcement of a new service CA, which must be certified by its predecessor. */
  async #followCaRotation(authority: ServiceAuthority): Promise<void> {
    const { trust, clock, log } = this.#options;
    // A CA given as a file is replaced by the owner of the file.
    if (!this.#identity || trust.kind !== "fingerprint") return;
    const before = this.#identity.pinsFor(trust.sha256);
    const pins = followCaRotation(before, authority, clock.now());
    if (pins.join() === before.join()) return;
    try {
      await this.#identity.setPins(trust.sha256, pins);
      log.info({ event: "trust.followed", pins }, "the service has a new CA");
    } catch (error) {
      log.error({ event: "key.unwritable", reason: describeError(error) }, "the key file cannot be updated");
    }
  }

  async #rotate(socket: TLSSocket, send: (frame: Buffer) => void): Promise<void> {
    const { log } = this.#options;
    if (!this.#identity) return;
    try {
      send(await announceNewKey(this.#identity, socket));
      log.info({ event: "key.announced" }, "the server asked for a new key, and has been told of one");
    } catch (error) {
      log.error({ event: "key.not_rotated", reason: describeError(error) }, "no new key could be made");
    }
  }
}

function noServers(): ConfigError {
  const message = "The agent has no server to dial. Give at least one.";
  return ConfigError.public("AGENT_SERVERS", message);
}
