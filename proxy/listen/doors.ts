import type http from "node:http";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import type { AddressRanges } from "../admit/address-ranges.ts";
import { ConnectionBudget } from "../admit/connection-budget.ts";
import { LIMITS } from "../admit/limits.ts";
import { Turnstile } from "../admit/turnstile.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { Addresses, HostPort, ProxyOptions } from "../proxy.ts";
import type { RepeaterIdStore } from "../state/stores.ts";
import type { Certificate } from "../trust/index.ts";
import type { ServiceTrust } from "../trust/service-trust.ts";
import type { SiteCertificate } from "../trust/site-certificate.ts";
import { OnePort } from "./one-port.ts";
import { Port, type Arrival } from "./ports.ts";
import { redirectToHttps } from "./redirect.ts";
import { askForDesktop } from "./repeater-viewer.ts";
import { RfbViewer } from "./rfb-viewer.ts";
import { AgentWebSocketEntrance } from "./agent-websocket.ts";
import { TlsPort, type SecureArrival } from "./tls-port.ts";
import { WebSocketEntrance, type WebSocketEntranceOptions } from "./websocket-entrance.ts";

export interface DoorsOptions {
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
  readonly onViewer: (viewer: Viewer) => void;
  readonly onRefused: WebSocketEntranceOptions["onRefused"];
  readonly onAgent: (arrival: SecureArrival) => void;
  /** MiP 1, by ALPN or by its first byte; null: off, and such connections are closed. */
  readonly onMip1: ((arrival: SecureArrival) => void) | null;
  readonly repeaterIds: RepeaterIdStore;
  /** A VNC server that has dialled in by itself. */
  readonly onReverseServer: (arrival: Arrival) => void;
  /** Where plain HTTP is sent to. */
  readonly advertised: () => HostPort;
}

/** Where the doors are to be; null or absent: not at all. */
export type DoorPlaces = Pick<ProxyOptions, "listen" | "rfbListen" | "repeaterViewers" | "repeaterServers">;

/** The ports of the server, and who is called for what comes in by them. */
export class Doors {
  readonly #clock: Clock;
  readonly #listen: Port;
  readonly #rfb: Port;
  readonly #repeaterViewers: Port;
  readonly #repeaterServers: Port;
  readonly #entrance: WebSocketEntrance;
  readonly #site: SiteCertificate | null;
  readonly #agentEntrance: AgentWebSocketEntrance;
  #web: http.Server | undefined;

  constructor(options: DoorsOptions) {
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
    const budget = new ConnectionBudget({
      perSource: LIMITS.unadmittedPerSource,
      total: LIMITS.unadmittedTotal,
    });
    const turnstile = new Turnstile({ monotonic: () => performance.now(), yieldTo: setImmediate });
    const enter = (makeViewer: () => Viewer): void => {
      turnstile.pass(() => {
        onViewer(makeViewer());
      });
    };
    this.#site = site;
    let context = makeContext(site?.current ?? trust.current);
    const certificate = (): tls.SecureContext => context;
    const secure = new TlsPort(
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
          onViewer(new RfbViewer(arrival, { door: "tls", clock }));
        },
      },
      clock,
    );
    site?.follow((replacement) => {
      secure.replaceSiteCertificate(replacement);
      context = makeContext(replacement);
    });
    const onePort = new OnePort(
      {
        tls: (arrival, cancelDeadline) => {
          turnstile.pass(() => {
            secure.accept(arrival, cancelDeadline);
          });
        },
        http: (arrival) => {
          redirectToHttps(arrival, advertised(), clock);
        },
        viewer: (arrival) => {
          enter(() => new RfbViewer(arrival, { door: "one-port", certificate, clock }));
        },
      },
      clock,
    );
    this.#listen = new Port({
      budget,
      forwarders,
      trusted,
      clock,
      onArrival: (arrival) => {
        onePort.accept(arrival);
      },
    });
    this.#rfb = new Port({
      budget,
      forwarders,
      trusted,
      clock,
      onArrival: (arrival) => {
        enter(() => new RfbViewer(arrival, { door: "plain", certificate, clock }));
      },
    });
    this.#repeaterViewers = new Port({
      budget,
      forwarders,
      trusted,
      clock,
      onArrival: (arrival) => {
        askForDesktop(arrival, options.repeaterIds, clock).then(
          (only) => {
            onViewer(new RfbViewer(arrival, { door: "repeater", certificate, only, clock }));
          },
          () => arrival.socket.destroy(),
        );
      },
    });
    this.#repeaterServers = new Port({
      budget,
      forwarders,
      trusted,
      clock,
      onArrival: options.onReverseServer,
    });
    this.#entrance = new WebSocketEntrance({
      budget,
      trusted,
      origins,
      onViewer,
      onRefused,
      othersAnswer: () => (this.#web?.listenerCount("upgrade") ?? 0) > 1,
      clock,
    });
    const agentEntrance = new AgentWebSocketEntrance({
      budget,
      trusted,
      trust: trust.current,
      onAgent,
      clock,
    });
    this.#agentEntrance = agentEntrance;
    trust.follow((replacement) => {
      secure.replaceServiceCertificate(replacement);
      agentEntrance.replaceCertificate(replacement);
      if (!site) context = makeContext(replacement);
    });
  }

  /** @throws ConfigError `LISTEN_FAILED` */
  async open(where: DoorPlaces, web: http.Server): Promise<Addresses> {
    this.#web = web;
    web.on("upgrade", this.#upgrade);
    const listen = async (port: Port, at: HostPort | null | undefined): Promise<HostPort | null> =>
      at ? await port.listen(at) : null;
    try {
      return {
        listen: await this.#listen.listen(where.listen),
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
    const entrance = this.#agentEntrance.takes(request) ? this.#agentEntrance : this.#entrance;
    entrance.upgrade(request, socket, head);
  };

  /** Takes no new connections. Idempotent. */
  stop(): void {
    this.#site?.close();
    this.#web?.off("upgrade", this.#upgrade);
    for (const port of this.#ports) port.stop();
  }

  /** Gives the connections that are left a moment to end by themselves, then cuts them. */
  async close(): Promise<void> {
    const idle = Promise.all(this.#ports.map((port) => port.idle));
    let cancel: () => void = () => undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(LIMITS.closeGraceMs, resolve);
    });
    await Promise.race([idle, grace]);
    cancel();
    for (const port of this.#ports) port.destroy();
  }

  get #ports(): readonly Port[] {
    return [this.#listen, this.#rfb, this.#repeaterViewers, this.#repeaterServers];
  }
}

function makeContext({ key, cert }: Certificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert, minVersion: "TLSv1.2" });
}
