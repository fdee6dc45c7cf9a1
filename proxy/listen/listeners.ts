import type http from "node:http";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import type { AddressRanges } from "../admit/address-ranges.ts";
import { PreAuthConnectionLimit } from "../admit/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { AcceptQueue } from "../admit/accept-queue.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { ListeningAddresses, HostPort, ListenOptions } from "../model/proxy-types.ts";
import type { RepeaterIdStore } from "../state/stores.ts";
import type { TlsCertificate } from "../trust/server-certificate.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import type { SiteCertificate } from "../trust/site-certificate.ts";
import { ProtocolDetector } from "./protocol-detector.ts";
import { TcpListener, type AcceptedConnection } from "./tcp-listener.ts";
import { redirectToHttps } from "./https-redirect.ts";
import { performRepeaterHandshake } from "./repeater-handshake.ts";
import { RfbViewer } from "./rfb-viewer.ts";
import { AgentUpgradeHandler } from "./agent-upgrade-handler.ts";
import { TlsAcceptor, type AcceptedTlsConnection } from "./tls-acceptor.ts";
import { ViewerUpgradeHandler, type ViewerUpgradeHandlerOptions } from "./viewer-upgrade-handler.ts";

export interface ListenersOptions {
  /** What agents are shown, and everybody where there is no `site`. */
  readonly trust: ServiceTrust;
  readonly site: SiteCertificate | null;
  /** Who may say by a PROXY protocol header whom it speaks for. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies that say truly by X-Forwarded-For whom they speak for. */
  readonly trusted: AddressRanges;
  readonly clock: Clock;
  /** Origins that may open WebSockets. */
  readonly origins: () => readonly string[];
  readonly onViewer: (viewer: AcceptedViewer) => void;
  readonly onRefused: ViewerUpgradeHandlerOptions["onRefused"];
  readonly onAgent: (arrival: AcceptedTlsConnection) => void;
  /** MiP 1, by ALPN or by its first byte; null: off, and such connections are closed. */
  readonly onMip1: ((arrival: AcceptedTlsConnection) => void) | null;
  readonly repeaterIds: RepeaterIdStore;
  /** A VNC server that has dialled in by itself. */
  readonly onReverseServer: (arrival: AcceptedConnection) => void;
  /** Where plain HTTP is sent to. */
  readonly advertised: () => HostPort;
}

/** The ports of the server, and who is called for what comes in by them. */
export class Listeners {
  readonly #clock: Clock;
  readonly #main: TcpListener;
  readonly #rfb: TcpListener;
  readonly #repeaterViewers: TcpListener;
  readonly #repeaterServers: TcpListener;
  readonly #viewerUpgradeHandler: ViewerUpgradeHandler;
  readonly #site: SiteCertificate | null;
  readonly #agentUpgradeHandler: AgentUpgradeHandler;
  #web: http.Server | undefined;

  constructor(options: ListenersOptions) {
    const {
      trust,
      site,
      forwarders,
      trusted,
      clock,
      origins,
      onViewer,
      onRefused,
      onAgent,
      onMip1,
      advertised,
    } = options;
    this.#clock = clock;
    const budget = new PreAuthConnectionLimit({
      perSource: PROXY_LIMITS.unadmittedPerSource,
      total: PROXY_LIMITS.unadmittedTotal,
    });
    const turnstile = new AcceptQueue({ monotonic: () => performance.now(), yieldTo: setImmediate });
    const enter = (makeViewer: () => AcceptedViewer): void => {
      turnstile.enqueue(() => {
        onViewer(makeViewer());
      });
    };
    this.#site = site;
    let context = makeContext(site?.current ?? trust.current);
    const certificate = (): tls.SecureContext => context;
    const secure = new TlsAcceptor(
      trust.current,
      site?.current ?? null,
      {
        agent: onAgent,
        mip1: onMip1,
        http: ({ socket, admitted }) => {
          admitted();
          if (this.#web) this.#web.emit("connection", socket);
          else socket.destroy();
        },
        viewer: (arrival) => {
          onViewer(new RfbViewer(arrival, { listener: "tls", clock }));
        },
      },
      clock,
    );
    site?.subscribe((replacement) => {
      secure.replaceSiteCertificate(replacement);
      context = makeContext(replacement);
    });
    const onePort = new ProtocolDetector(
      {
        tls: (arrival, cancelDeadline) => {
          turnstile.enqueue(() => {
            secure.accept(arrival, cancelDeadline);
          });
        },
        http: (arrival) => {
          redirectToHttps(arrival, advertised(), clock);
        },
        viewer: (arrival) => {
          enter(() => new RfbViewer(arrival, { listener: "one-port", certificate, clock }));
        },
      },
      clock,
    );
    this.#main = new TcpListener({
      connectionLimit: budget,
      forwarders,
      trusted,
      clock,
      onConnection: (arrival) => {
        onePort.accept(arrival);
      },
    });
    this.#rfb = new TcpListener({
      connectionLimit: budget,
      forwarders,
      trusted,
      clock,
      onConnection: (arrival) => {
        enter(() => new RfbViewer(arrival, { listener: "plain", certificate, clock }));
      },
    });
    this.#repeaterViewers = new TcpListener({
      connectionLimit: budget,
      forwarders,
      trusted,
      clock,
      onConnection: (arrival) => {
        performRepeaterHandshake(arrival, options.repeaterIds, clock).then(
          (only) => {
            onViewer(
              new RfbViewer(arrival, { listener: "repeater", certificate, requestedDesktopIds: only, clock }),
            );
          },
          () => arrival.socket.destroy(),
        );
      },
    });
    this.#repeaterServers = new TcpListener({
      connectionLimit: budget,
      forwarders,
      trusted,
      clock,
      onConnection: options.onReverseServer,
    });
    this.#viewerUpgradeHandler = new ViewerUpgradeHandler({
      connectionLimit: budget,
      trusted,
      origins,
      onViewer,
      onRefused,
      hasOtherHandlers: () => (this.#web?.listenerCount("upgrade") ?? 0) > 1,
      clock,
    });
    const agentEntrance = new AgentUpgradeHandler({
      connectionLimit: budget,
      trusted,
      serverCertificate: trust.current,
      onAgent,
      clock,
    });
    this.#agentUpgradeHandler = agentEntrance;
    trust.subscribe((replacement) => {
      secure.replaceServiceCertificate(replacement);
      agentEntrance.replaceCertificate(replacement);
      if (!site) context = makeContext(replacement);
    });
  }

  /** @throws ConfigError `LISTEN_FAILED` */
  async open(where: ListenOptions, web: http.Server): Promise<ListeningAddresses> {
    this.#web = web;
    web.on("upgrade", this.#upgrade);
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

  readonly #upgrade = (request: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    const entrance = this.#agentUpgradeHandler.matches(request)
      ? this.#agentUpgradeHandler
      : this.#viewerUpgradeHandler;
    entrance.upgrade(request, socket, head);
  };

  /** Takes no new connections. Idempotent. */
  stop(): void {
    this.#site?.close();
    this.#web?.off("upgrade", this.#upgrade);
    for (const port of this.#tcpListeners) port.stop();
  }

  /** Gives the connections that are left a moment to end by themselves, then cuts them. */
  async close(): Promise<void> {
    const idle = Promise.all(this.#tcpListeners.map((port) => port.idle));
    let cancel: () => void = () => undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(PROXY_LIMITS.closeGraceMs, resolve);
    });
    await Promise.race([idle, grace]);
    cancel();
    for (const port of this.#tcpListeners) port.destroy();
  }

  get #tcpListeners(): readonly TcpListener[] {
    return [this.#main, this.#rfb, this.#repeaterViewers, this.#repeaterServers];
  }
}

function makeContext({ key, cert }: TlsCertificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert, minVersion: "TLSv1.2" });
}
