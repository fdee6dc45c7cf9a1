import type http from "node:http";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import type { AddressRanges } from "../limits/address-ranges.ts";
import { planDescriptors } from "../limits/descriptor-budget.ts";
import { HttpConnectionLimit } from "../limits/http-connection-limit.ts";
import { PreAuthConnectionLimit } from "../limits/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { AcceptQueue } from "../limits/accept-queue.ts";
import { EVENT_LOOP_SLICES } from "../limits/slice-timing.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { networkKey, type ConnectionSource } from "../model/connection-source.ts";
import type { ListeningAddresses, HostPort, ListenOptions } from "../model/proxy-types.ts";
import type { RepeaterIdStore } from "../state/stores.ts";
import type { TlsCertificate } from "../trust/server-certificate.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import type { SiteCertificate } from "../trust/site-certificate.ts";
import { awaitClientHello } from "./client-hello.ts";
import { ProtocolDetector } from "./protocol-detector.ts";
import { TcpListener, type AcceptedConnection } from "./tcp-listener.ts";
import { redirectToHttps } from "./https-redirect.ts";
import { performRepeaterHandshake } from "./repeater-handshake.ts";
import { RfbViewer, type RfbViewerOptions } from "./rfb-viewer.ts";
import { AgentUpgradeHandler, type EnqueueConnection } from "./agent-upgrade-handler.ts";
import { TlsAcceptor, type AcceptedTlsConnection } from "./tls-acceptor.ts";
import { ViewerUpgradeHandler, type ViewerUpgradeHandlerOptions } from "./viewer-upgrade-handler.ts";

export interface ListenersOptions {
  /** What agents are shown, and all clients where there is no `site`. */
  readonly trust: ServiceTrust;
  readonly site: SiteCertificate | null;
  /** Peers whose PROXY protocol header is believed. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: AddressRanges;
  readonly clock: Clock;
  /** Origins that may open WebSockets. */
  readonly origins: () => readonly string[];
  readonly onViewer: (viewer: AcceptedViewer) => void;
  readonly onRefused: ViewerUpgradeHandlerOptions["onRefused"];
  readonly onAgent: (connection: AcceptedTlsConnection) => void;
  /** MiP 1, by ALPN or by its first byte; null: off, and such connections are closed. */
  readonly onMip1: ((connection: AcceptedTlsConnection) => void) | null;
  /** Whether this address may speak MiP 1. */
  readonly isMip1Peer: (address: string) => boolean;
  readonly repeaterIds: RepeaterIdStore;
  /** A viewer on the repeater's port sent a malformed request, or none. */
  readonly onRepeaterRefused: (error: unknown, source: ConnectionSource) => void;
  /** A VNC server that has dialled in. */
  readonly onReverseServer: (connection: AcceptedConnection) => void;
  /** Where plain HTTP is redirected to. */
  readonly advertised: () => HostPort;
}

/** The ports of the server, and which handler gets what they accept. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #main: TcpListener;
  readonly #rfb: TcpListener;
  readonly #repeaterViewers: TcpListener;
  readonly #repeaterServers: TcpListener;
  readonly #httpConnections: HttpConnectionLimit;
  readonly #acceptQueue = new AcceptQueue(EVENT_LOOP_SLICES);
  readonly #viewerUpgradeHandler: ViewerUpgradeHandler;
  readonly #agentUpgradeHandler: AgentUpgradeHandler;
  /** What TLS inside a viewer's RFB connection shows. */
  #viewerContext: tls.SecureContext;
  #web: http.Server | undefined;

  constructor(options: ListenersOptions) {
    this.#options = options;
    const { trust, site, clock, onViewer, onAgent } = options;
    const budget = planDescriptors();
    this.#httpConnections = new HttpConnectionLimit(budget.http);
    const connectionLimit = new PreAuthConnectionLimit(clock, budget.preAuth);
    const enqueue = this.#enqueue;
    const shared = { ...options, connectionLimit, enqueue };
    this.#viewerContext = makeContext(site?.current ?? trust.current);
    const tlsAcceptor = this.#createTlsAcceptor();
    const detector = this.#createDetector(tlsAcceptor);
    this.#main = new TcpListener({
      ...shared,
      kind: "connecting",
      onConnection: (connection) => {
        detector.accept(connection);
      },
    });
    this.#rfb = new TcpListener({
      ...shared,
      kind: "viewer",
      onConnection: (connection) => {
        this.#enqueueViewer(connection, "plain");
      },
    });
    this.#repeaterViewers = new TcpListener({
      ...shared,
      kind: "viewer",
      onConnection: (connection) => {
        this.#enqueue(connection, () => {
          performRepeaterHandshake(connection, options.repeaterIds, clock).then(
            (requestedDesktopIds) => {
              const tls = this.#tlsFor(connection);
              onViewer(new RfbViewer(connection, { listener: "repeater", tls, requestedDesktopIds, clock }));
            },
            (error: unknown) => {
              connection.socket.destroy();
              options.onRepeaterRefused(error, connection.source);
            },
          );
        });
      },
    });
    this.#repeaterServers = new TcpListener({
      ...shared,
      kind: "agent",
      onConnection: (connection) => {
        this.#enqueue(connection, () => {
          options.onReverseServer(connection);
        });
      },
    });
    this.#viewerUpgradeHandler = new ViewerUpgradeHandler({
      ...shared,
    });
    this.#agentUpgradeHandler = new AgentUpgradeHandler({
      ...shared,
      serverCertificate: trust.current,
      onAgent,
    });
    this.#followCertificates(tlsAcceptor);
  }

  #createTlsAcceptor(): TlsAcceptor {
    const { trust, site, clock, onAgent, onMip1, onViewer, isMip1Peer } = this.#options;
    return new TlsAcceptor(
      trust.current,
      site?.current ?? null,
      {
        agent: onAgent,
        mip1: onMip1 && { accept: onMip1, isPeer: isMip1Peer },
        http: ({ socket, source, authenticated }) => {
          authenticated();
          // A reverse proxy brings the requests of many people: it limits them itself.
          const isShared = this.#options.trustedProxies.contains(source.address);
          if (!this.#web || !(isShared || this.#httpConnections.add(socket, source.address))) {
            socket.destroy();
            return;
          }
          setRemoteAddress(socket, source);
          this.#web.emit("connection", socket);
        },
        viewer: (connection) => {
          onViewer(new RfbViewer(connection, { listener: "tls", clock }));
        },
      },
      clock,
    );
  }

  #createDetector(tlsAcceptor: TlsAcceptor): ProtocolDetector {
    const { clock, advertised } = this.#options;
    return new ProtocolDetector(
      {
        tls: (connection, cancelDeadline) => {
          awaitClientHello(connection.socket, clock, (offered) => {
            if (offered === null) connection.socket.destroy();
            else
              this.#enqueue(connection, () => {
                tlsAcceptor.accept(connection, offered, cancelDeadline);
              });
          });
        },
        http: (connection) => {
          redirectToHttps(connection, advertised(), clock);
        },
        viewer: (connection) => {
          if (connection.classify("viewer")) this.#enqueueViewer(connection, "one-port");
        },
      },
      clock,
    );
  }

  #enqueueViewer(connection: AcceptedConnection, listener: "plain" | "one-port"): void {
    const { onViewer, clock } = this.#options;
    this.#enqueue(connection, () => {
      onViewer(new RfbViewer(connection, { listener, tls: this.#tlsFor(connection), clock }));
    });
  }

  #tlsFor(connection: AcceptedConnection): NonNullable<RfbViewerOptions["tls"]> {
    return {
      certificate: () => this.#viewerContext,
      enqueue: (start) => {
        this.#acceptQueue.enqueue(start, networkKey(connection.source.address));
      },
    };
  }

  /** A connection that is gone when its turn comes costs nothing. */
  readonly #enqueue: EnqueueConnection = ({ socket, source }, accept) => {
    const acceptIfOpen = (): void => {
      if (!socket.destroyed) accept();
    };
    this.#acceptQueue.enqueue(acceptIfOpen, networkKey(source.address));
  };

  #followCertificates(tlsAcceptor: TlsAcceptor): void {
    const { site, trust } = this.#options;
    site?.subscribe((replacement) => {
      tlsAcceptor.replaceSiteCertificate(replacement);
      this.#viewerContext = makeContext(replacement);
    });
    trust.subscribe((replacement) => {
      tlsAcceptor.replaceServiceCertificate(replacement);
      this.#agentUpgradeHandler.replaceCertificate(replacement);
      if (!site) this.#viewerContext = makeContext(replacement);
    });
  }

  /** @throws ConfigError `LISTEN_FAILED` */
  async open(where: ListenOptions, web: http.Server): Promise<ListeningAddresses> {
    this.#web = web;
    web.on("upgrade", this.#upgrade);
    web.on("request", this.#countRequest);
    const listen = async (port: TcpListener, at: HostPort | null | undefined): Promise<HostPort | null> =>
      at ? await port.listen(at) : null;
    try {
      return {
        listen: await this.#main.listen(where.listen),
        rfb: await listen(this.#rfb, where.rfbListen),
        repeaterViewers: await listen(this.#repeaterViewers, where.repeaterViewers),
        repeaterServers: await listen(this.#repeaterServers, where.repeaterServers),
      };
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** A sign-in was proven over this request's connection: it is no longer counted. */
  takeHttpConnection(request: http.IncomingMessage): void {
    this.#httpConnections.release(request.socket);
  }

  readonly #countRequest = ({ socket }: http.IncomingMessage, response: http.ServerResponse): void => {
    this.#httpConnections.beginRequest(socket);
    response.once("close", () => {
      this.#httpConnections.endRequest(socket);
    });
  };

  readonly #upgrade = (request: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#httpConnections.release(socket);
    const handler = this.#agentUpgradeHandler.matches(request)
      ? this.#agentUpgradeHandler
      : this.#viewerUpgradeHandler;
    handler.upgrade(request, socket, head);
  };

  /** Accepts no new connections. Idempotent. */
  stop(): void {
    this.#options.site?.close();
    this.#web?.off("upgrade", this.#upgrade);
    this.#web?.off("request", this.#countRequest);
    for (const port of this.#tcpListeners) port.stop();
  }

  /** Gives the remaining connections a short time to end, then destroys them. */
  async close(): Promise<void> {
    const idle = Promise.all(this.#tcpListeners.map((port) => port.idle));
    let cancel: () => void = () => undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(PROXY_LIMITS.closeGraceMs, resolve);
    });
    await Promise.race([idle, grace]);
    cancel();
    for (const port of this.#tcpListeners) port.destroy();
  }

  get #tcpListeners(): readonly TcpListener[] {
    return [this.#main, this.#rfb, this.#repeaterViewers, this.#repeaterServers];
  }
}

/**
 * TLS 1.2, for VeNCrypt. In TLS 1.3 session tickets follow the handshake, and Node cannot leave them out. TigerVNC 1.12 stops at
 * a ticket until more arrives: a challenge that came together with it is never read.
 */
function makeContext({ key, cert }: TlsCertificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
}

/** The web server reads the client's address from its socket, so it has to be the one of the client behind a forwarder. */
function setRemoteAddress(socket: tls.TLSSocket, { address, port }: ConnectionSource): void {
  if (socket.remoteAddress === address && socket.remotePort === port) return;
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } });
}
