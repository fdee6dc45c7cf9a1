import type http from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import { ConnectionBudget } from "../admit/connection-budget.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { HostPort } from "../proxy.ts";
import { AgentWebSocketEntrance } from "./agent-websocket.ts";
import { Port } from "./ports.ts";
import { receiveRfbViewer } from "./rfb-viewer.ts";
import { TlsPort, type SecureArrival } from "./tls-port.ts";
import { WebSocketEntrance } from "./websocket-entrance.ts";

export interface DoorsOptions {
  readonly trust: { readonly key: string; readonly cert: string };
  readonly clock: Clock;
  /** Origins that may open WebSockets. */
  readonly origins: () => readonly string[];
  readonly onViewer: (viewer: Viewer) => void;
  readonly onAgent: (arrival: SecureArrival) => void;
}

/** The ports of the server, and who is called for what comes in by them. */
export class Doors {
  readonly #clock: Clock;
  readonly #listen: Port;
  readonly #rfb: Port;
  readonly #entrance: WebSocketEntrance;
  readonly #agentEntrance: AgentWebSocketEntrance;
  #web: http.Server | undefined;

  constructor({ trust, clock, origins, onViewer, onAgent }: DoorsOptions) {
    this.#clock = clock;
    const budget = new ConnectionBudget({
      perSource: LIMITS.unadmittedPerSource,
      total: LIMITS.unadmittedTotal,
    });
    const routes = {
      agent: onAgent,
      http: ({ socket, admitted }: SecureArrival) => {
        admitted();
        if (this.#web) this.#web.emit("connection", socket);
        else socket.destroy();
      },
    };
    const secure = new TlsPort(trust, routes, clock);
    this.#listen = new Port(budget, (arrival) => {
      secure.accept(arrival);
    });
    this.#rfb = new Port(budget, (arrival) => {
      onViewer(receiveRfbViewer(arrival, clock));
    });
    this.#entrance = new WebSocketEntrance({
      budget,
      origins,
      onViewer,
      othersAnswer: () => (this.#web?.listenerCount("upgrade") ?? 0) > 1,
      clock,
    });
    this.#agentEntrance = new AgentWebSocketEntrance({ budget, trust, onAgent, clock });
  }

  /** @throws ConfigError `LISTEN_FAILED` */
  async open(
    listen: HostPort,
    rfbListen: HostPort | null,
    web: http.Server,
  ): Promise<{ listen: HostPort; rfb: HostPort | null }> {
    this.#web = web;
    web.on("upgrade", this.#upgrade);
    try {
      const secure = await this.#listen.listen(listen);
      return { listen: secure, rfb: rfbListen && (await this.#rfb.listen(rfbListen)) };
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
    this.#web?.off("upgrade", this.#upgrade);
    this.#listen.stop();
    this.#rfb.stop();
  }

  /** Gives the connections that are left a moment to end by themselves, then cuts them. */
  async close(): Promise<void> {
    const idle = Promise.all([this.#listen.idle, this.#rfb.idle]);
    let cancel: () => void = () => undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#clock.after(LIMITS.closeGraceMs, resolve);
    });
    await Promise.race([idle, grace]);
    cancel();
    this.#listen.destroy();
    this.#rfb.destroy();
  }
}
