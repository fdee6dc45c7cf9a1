import {
  MIP2_ALPN,
  MIP2_WEBSOCKET_PATH,
  MIP2_WEBSOCKET_PROTOCOL,
  type Clock,
  WebSocketStream,
} from "../../protocol/index.ts";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import tls, { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import type { AddressRanges } from "../admit/address-ranges.ts";
import type { PreAuthConnectionLimit } from "../admit/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { TlsCertificate } from "../trust/server-certificate.ts";
import { requesterOf } from "./requester.ts";
import type { AcceptedTlsConnection } from "./tls-acceptor.ts";

export interface AgentUpgradeHandlerOptions {
  readonly connectionLimit: PreAuthConnectionLimit;
  /** Reverse proxies that say truly whom they speak for. */
  readonly trustedProxies: AddressRanges;
  /** Key and chain of this server under the service CA: what agents pin, whatever certificate browsers see. */
  readonly serverCertificate: TlsCertificate;
  readonly onAgent: (connection: AcceptedTlsConnection) => void;
  readonly clock: Clock;
}

/**
 * Upgrades of `/mip`: agents that nothing but HTTPS lets out, perhaps through a reverse proxy that ends the outer TLS.
 * Inside the WebSocket they run their own TLS, and that one counts. No Origin is asked for: no cookie is read here.
 */
export class AgentUpgradeHandler {
  readonly #options: AgentUpgradeHandlerOptions;
  #context: tls.SecureContext;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: PROXY_LIMITS.webSocketMessageBytes,
    handleProtocols: () => MIP2_WEBSOCKET_PROTOCOL,
  });

  constructor(options: AgentUpgradeHandlerOptions) {
    this.#options = options;
    this.#context = makeContext(options.serverCertificate);
  }

  /** For new connections; existing ones stay. */
  replaceCertificate(certificate: TlsCertificate): void {
    this.#context = makeContext(certificate);
  }

  matches(request: IncomingMessage): boolean {
    return request.url?.split("?")[0] === MIP2_WEBSOCKET_PATH;
  }

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", () => undefined);
    // The administrator's Unix socket serves no agents.
    if (!(socket instanceof TLSSocket)) {
      answerUpgrade(socket, 404);
      return;
    }
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(MIP2_WEBSOCKET_PROTOCOL)) {
      answerUpgrade(socket, 400);
      return;
    }
    const source = requesterOf(request, this.#options.trustedProxies);
    const release = source && this.#options.connectionLimit.acquire(source.address);
    if (!release) {
      answerUpgrade(socket, 503);
      return;
    }
    socket.once("close", release);
    socket.setTimeout(0);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = new WebSocketStream(webSocket, {
        text: { closeReason: "RFB is binary" },
        ping: { clock: this.#options.clock, everyMs: PROXY_LIMITS.webSocketPingMs },
      });
      this.#startTls(stream, (inner) => {
        this.#options.onAgent({ socket: inner, source, admitted: release });
      });
    });
  };

  #startTls(stream: Duplex, whenSecure: (inner: TLSSocket) => void): void {
    const inner = new TLSSocket(stream, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [MIP2_ALPN],
    });
    const cut = (): void => {
      inner.destroy();
      stream.destroy();
    };
    const cancelDeadline = this.#options.clock.after(PROXY_LIMITS.tlsHandshakeMs, cut);
    inner.on("error", () => undefined);
    // Outside a tls.Server, errors in TLS records are reported by this event only.
    inner.on("_tlsError", cut);
    inner.once("close", () => {
      cancelDeadline();
      stream.destroy();
    });
    inner.once("secure", () => {
      cancelDeadline();
      if (inner.alpnProtocol === MIP2_ALPN) whenSecure(inner);
      else cut();
    });
  }
}

function makeContext({ key, cert }: TlsCertificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert, minVersion: "TLSv1.3" });
}

function answerUpgrade(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  socket.once("finish", () => socket.destroy());
}
