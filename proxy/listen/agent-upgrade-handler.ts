import {
  MIP2_ALPN,
  MIP2_WEBSOCKET_PATH,
  MIP2_WEBSOCKET_PROTOCOL,
  type Clock,
  WebSocketStream,
} from "../../protocol/index.ts";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import tls, { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import type { AddressRanges } from "../limits/address-ranges.ts";
import type { PreAuthConnectionLimit } from "../limits/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { TlsCertificate } from "../trust/server-certificate.ts";
import { answerUpgrade } from "./answer-upgrade.ts";
import { awaitClientHello } from "./client-hello.ts";
import { requesterOf } from "./requester.ts";
import type { AcceptedTlsConnection } from "./tls-acceptor.ts";
import { allowWholeMessages, PRE_AUTH_WEBSOCKET } from "./websocket-limits.ts";

/** Does a costly step of a connection when it is its turn. */
export type EnqueueConnection = (
  connection: { readonly socket: Duplex; readonly source: ConnectionSource },
  accept: () => void,
) => void;

export interface AgentUpgradeHandlerOptions {
  readonly connectionLimit: PreAuthConnectionLimit;
  readonly enqueue: EnqueueConnection;
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
    ...PRE_AUTH_WEBSOCKET,
    maxPayload: PROXY_LIMITS.mipHandshakeBytes,
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
    const close = (): void => {
      socket.destroy();
    };
    const slot = source && this.#options.connectionLimit.acquire(source.address, { kind: "agent", close });
    if (!slot) {
      answerUpgrade(socket, 503);
      return;
    }
    socket.once("close", slot.release);
    socket.setTimeout(0);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = new WebSocketStream(webSocket, {
        text: { closeReason: "RFB is binary" },
        ping: { clock: this.#options.clock, everyMs: PROXY_LIMITS.webSocketPingMs },
      });
      const authenticated = (): void => {
        slot.release();
        allowWholeMessages(webSocket);
      };
      this.#startTls(stream, source, (inner) => {
        this.#options.onAgent({ socket: inner, source, classify: slot.moveTo, authenticated });
      });
    });
  };

  /** The deadline is for the wait in the queue, too. */
  #startTls(stream: Duplex, source: ConnectionSource, whenSecure: (inner: TLSSocket) => void): void {
    const { clock, enqueue } = this.#options;
    let inner: TLSSocket | undefined;
    const cut = (): void => {
      inner?.destroy();
      stream.destroy();
    };
    const cancelDeadline = clock.after(PROXY_LIMITS.tlsHandshakeMs, cut);
    stream.once("close", cancelDeadline);
    const whenDone = (secure: TLSSocket): void => {
      cancelDeadline();
      if (secure.alpnProtocol === MIP2_ALPN) whenSecure(secure);
      else cut();
    };
    awaitClientHello(stream, clock, (offered) => {
      if (offered === null) cut();
      else
        enqueue({ socket: stream, source }, () => {
          inner = this.#handshake(stream, cut, whenDone);
        });
    });
  }

  #handshake(stream: Duplex, cut: () => void, whenDone: (inner: TLSSocket) => void): TLSSocket {
    const inner = new TLSSocket(stream, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [MIP2_ALPN],
    });
    inner.on("error", () => undefined);
    // Outside a tls.Server, errors in TLS records are reported by this event only.
    inner.on("_tlsError", cut);
    inner.once("close", () => stream.destroy());
    inner.once("secure", () => {
      whenDone(inner);
    });
    return inner;
  }
}

function makeContext({ key, cert }: TlsCertificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert, minVersion: "TLSv1.3" });
}
