import { RFB_WEBSOCKET_PATH, type Clock, WebSocketStream } from "../../protocol/index.ts";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import type { AddressRanges } from "../limits/address-ranges.ts";
import type { PreAuthConnectionLimit } from "../limits/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { isOriginAllowed } from "../identify/origin.ts";
import { BINARY_SUB_PROTOCOL, readSubProtocolOffer } from "../identify/websocket-sub-protocols.ts";
import { answerUpgrade } from "./answer-upgrade.ts";
import { countRetransmissions } from "./count-retransmissions.ts";
import { finishStream } from "./finish-stream.ts";
import { requesterOf } from "./requester.ts";
import { ViewerWebSocket } from "./viewer-websocket.ts";
import { allowWholeMessages, PRE_AUTH_WEBSOCKET } from "./websocket-limits.ts";

/** The longest reason that a close frame holds, in bytes. */
const REASON_BYTES = 123;
/** What a page adds to the path when it answers pings: a server without them ignores it. */
const PINGS_QUERY = "pings";
/** What an address adds to the path for the sign-in screen: for viewers in browsers that are not our pages. */
const ACCOUNT_QUERY = "account";
/** The longest answer to a ping. */
const ANSWER_CHARS = 16;

export interface ViewerUpgradeHandlerOptions {
  readonly connectionLimit: PreAuthConnectionLimit;
  /** Reverse proxies that say truly whom they speak for. */
  readonly trustedProxies: AddressRanges;
  /** Origins that may come in beside the one of the asked host itself. */
  readonly origins: () => readonly string[];
  readonly onViewer: (viewer: AcceptedViewer) => void;
  /** A request is refused before there is a viewer. */
  readonly onRefused: (reason: UpgradeRefusal, source: ConnectionSource | null) => void;
  readonly clock: Clock;
}

type UpgradeRefusal = "ORIGIN_REFUSED" | "SUB_PROTOCOL_REFUSED" | "SERVER_BUSY";

/** Upgrades of `/rfb` become viewers. */
export class ViewerUpgradeHandler {
  readonly #options: ViewerUpgradeHandlerOptions;
  readonly #server: WebSocketServer;

  constructor(options: ViewerUpgradeHandlerOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: ViewerWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      ...PRE_AUTH_WEBSOCKET,
      maxPayload: PROXY_LIMITS.rfbHandshakeBytes,
      // Never the ticket that is offered with it.
      handleProtocols: (offered) => (offered.has(BINARY_SUB_PROTOCOL) ? BINARY_SUB_PROTOCOL : false),
    });
  }

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", () => undefined);
    // The administrator's Unix socket serves no viewers.
    if (request.url?.split("?")[0] !== RFB_WEBSOCKET_PATH || !(socket instanceof TLSSocket)) {
      answerUpgrade(socket, 404);
      return;
    }
    const source = requesterOf(request, this.#options.trustedProxies);
    const refuse = (reason: UpgradeRefusal, status: number): void => {
      this.#options.onRefused(reason, source);
      answerUpgrade(socket, status);
    };
    const { origin, host } = request.headers;
    if (!isOriginAllowed(origin, host, this.#options.origins())) {
      refuse("ORIGIN_REFUSED", 403);
      return;
    }
    const offer = readSubProtocolOffer(request.headers["sec-websocket-protocol"]);
    if (offer.kind === "wrong") {
      refuse("SUB_PROTOCOL_REFUSED", 400);
      return;
    }
    const close = (): void => {
      socket.destroy();
    };
    const slot = source && this.#options.connectionLimit.acquire(source.address, { kind: "viewer", close });
    if (!slot) {
      refuse("SERVER_BUSY", 503);
      return;
    }
    socket.once("close", slot.release);
    socket.setTimeout(0);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      let onAnswer: (answer: string) => void = () => undefined;
      const query = new URLSearchParams(request.url?.split("?")[1]);
      const hasPings = query.has(PINGS_QUERY);
      const messages = new WebSocketStream(webSocket, {
        connection: socket,
        text: {
          closeReason: "RFB is binary",
          onText: (text) => {
            if (!hasPings || text.length > ANSWER_CHARS) return false;
            onAnswer(text);
            return true;
          },
        },
        ping: { clock: this.#options.clock, everyMs: PROXY_LIMITS.webSocketPingMs },
      });
      let stream: Duplex = messages;
      let finished = false;
      this.#options.onViewer({
        get stream() {
          return stream;
        },
        transport: "websocket",
        listener: "websocket",
        source,
        pings: hasPings
          ? {
              send: (question) => {
                messages.sendText(question);
              },
              onAnswer: (listener) => {
                onAnswer = listener;
              },
            }
          : null,
        countRetransmissions: () => countRetransmissions(socket),
        ticket: offer.kind === "ticket" ? offer.ticket : null,
        asksAccount: query.has(ACCOUNT_QUERY),
        requestedDesktopIds: null,
        encrypt: null,
        authenticated: () => {
          slot.release();
          allowWholeMessages(webSocket);
        },
        replaceStream: (next) => {
          stream = next;
        },
        finish: (closeCode, reason) => {
          if (finished) return;
          finished = true;
          messages.closeWith(closeCode, cutReason(reason));
          finishStream(stream, this.#options.clock);
        },
      });
    });
  };
}

function cutReason(reason: string): string {
  return Buffer.byteLength(reason) <= REASON_BYTES ? reason : reason.slice(0, REASON_BYTES / 3);
}
