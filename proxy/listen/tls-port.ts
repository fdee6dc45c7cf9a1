import tls, { type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import { mip1, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import type { AcceptMip1 } from "../mip1/open.ts";
import { sourceOf, type Arrival } from "./ports.ts";

/** First byte of a TLS record that carries a ClientHello. */
const TLS_HANDSHAKE = 0x16;
const MIP1 = "mip/1";
const MIP2 = "mip/2";
const HTTP = "http/1.1";
/** Node's own list, but AES with 128 bits first: as strong as anybody needs, and cheaper on the relay's path. */
const CIPHERS = ["TLS_AES_128_GCM_SHA256", tls.DEFAULT_CIPHERS].join(":");

/** A TLS connection whose ALPN has been agreed. */
export interface SecureArrival {
  readonly socket: TLSSocket;
  readonly source: Source;
  admitted(): void;
}

export interface SecureRoutes {
  readonly agent: (arrival: SecureArrival) => void;
  readonly http: (arrival: SecureArrival) => void;
  /** MiP 1, which has an ALPN or none; null: off. */
  readonly mip1: AcceptMip1 | null;
}

interface Handshaking {
  readonly arrival: Arrival;
  readonly cancelDeadline: () => void;
}

/**
 * The port that takes everything: the first byte of a connection decides who goes on with it. The real
 * socket is handed over each time, since a wrapped one costs half the throughput.
 */
export class TlsPort {
  readonly #tls: tls.Server;
  readonly #clock: Clock;
  /** By remote address and port. */
  readonly #handshaking = new Map<string, Handshaking>();

  constructor(trust: { readonly key: string; readonly cert: string }, routes: SecureRoutes, clock: Clock) {
    this.#clock = clock;
    this.#tls = tls.createServer({
      key: trust.key,
      cert: trust.cert,
      ALPNProtocols: routes.mip1 ? [MIP2, MIP1, HTTP] : [MIP2, HTTP],
      minVersion: "TLSv1.2",
      ciphers: CIPHERS,
      handshakeTimeout: LIMITS.tlsHandshakeMs,
    });
    this.#tls.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#tls.on("secureConnection", (socket) => {
      this.#route(socket, routes);
    });
  }

  accept(arrival: Arrival): void {
    const { socket, source } = arrival;
    const cancelDeadline = this.#clock.after(LIMITS.tlsHandshakeMs, () => socket.destroy());
    const key = nameSource(source);
    this.#handshaking.set(key, { arrival, cancelDeadline });
    socket.once("close", () => {
      cancelDeadline();
      if (this.#handshaking.get(key)?.arrival === arrival) this.#handshaking.delete(key);
    });
    sniffFirstByte(socket, (first) => {
      if (first === TLS_HANDSHAKE) this.#tls.emit("connection", socket);
      else socket.destroy();
    });
  }

  #route(socket: TLSSocket, routes: SecureRoutes): void {
    socket.on("error", () => undefined);
    const source = sourceOf(socket);
    const key = source && nameSource(source);
    const handshaking = key === null ? undefined : this.#handshaking.get(key);
    if (!source || key === null || !handshaking) {
      socket.destroy();
      return;
    }
    this.#handshaking.delete(key);
    handshaking.cancelDeadline();
    socket.setNoDelay(true);
    const secure = { socket, source, admitted: handshaking.arrival.admitted };
    if (socket.alpnProtocol === MIP2) routes.agent(secure);
    else if (socket.alpnProtocol === MIP1 && routes.mip1) void routes.mip1(socket, source, secure.admitted);
    else if (socket.alpnProtocol === false && routes.mip1) this.#sniffMip1(secure, routes, routes.mip1);
    else routes.http(secure);
  }

  /** Agents of MiP 1's time know no ALPN, but neither does every HTTP client: the first byte tells them apart. */
  #sniffMip1(secure: SecureArrival, routes: SecureRoutes, acceptMip1: AcceptMip1): void {
    const { socket, source, admitted } = secure;
    const cancelDeadline = this.#clock.after(LIMITS.mipHandshakeMs, () => socket.destroy());
    socket.once("close", cancelDeadline);
    sniffFirstByte(socket, (first) => {
      cancelDeadline();
      if (first === mip1.MessageType.handshake || first === mip1.MessageType.setupResponse) {
        void acceptMip1(socket, source, admitted);
      } else routes.http(secure);
    });
  }
}

/** Calls `decide` with the first byte, which stays in the socket; null: the connection ended without one. */
function sniffFirstByte(socket: Socket, decide: (first: number | null) => void): void {
  const settle = (first: number | null): void => {
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    decide(first);
  };
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    const first = chunk?.[0];
    if (chunk === null || first === undefined) return;
    socket.unshift(chunk);
    settle(first);
  };
  const onEnd = (): void => {
    settle(null);
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
}

function nameSource({ address, port }: Source): string {
  return `${address}|${port}`;
}
