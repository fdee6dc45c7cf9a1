import { randomBytes } from "node:crypto";
import tls, { type TLSSocket } from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import type { Certificate } from "../trust/index.ts";
import { readOfferedProtocols } from "./client-hello.ts";
import { awaitFirstBytes } from "./first-bytes.ts";
import { isHttp } from "./protocol-signs.ts";
import { presentSource, sourceOf, type Arrival } from "./ports.ts";

const MIP1 = "mip/1";
const MIP2 = "mip/2";
const HTTP = "http/1.1";
const TICKET_KEY_BYTES = 48;
/** Node's own list, but AES with 128 bits first: as strong as anybody needs, and cheaper on the relay's path. */
const CIPHERS = ["TLS_AES_128_GCM_SHA256", tls.DEFAULT_CIPHERS].join(":");

/** A TLS connection of which it is known who goes on with it. */
export interface SecureArrival {
  readonly socket: TLSSocket;
  readonly source: Source;
  admitted(): void;
}

type SecureRoute = (arrival: SecureArrival) => void;

export interface SecureRoutes {
  /** ALPN `mip/2`. */
  readonly agent: SecureRoute;
  /** ALPN `mip/1`; or none, and the first byte is that of a MiP 1 message. Null: off, and not offered. */
  readonly mip1: SecureRoute | null;
  /** ALPN `http/1.1`; or none, and the first byte is that of a request. */
  readonly http: SecureRoute;
  /** No ALPN, and silence: it waits for our greeting. */
  readonly viewer: SecureRoute;
}

interface Handshaking {
  readonly arrival: Arrival;
  readonly cancelDeadline: () => void;
}

/**
 * TLS on the one port. Agents get the service's own certificate, which they pin; everybody else gets the
 * site's, where there is one. Which of the two is known from the ClientHello only, before TLS begins: each
 * has a TLS server of its own. The real socket is handed over, since a wrapped one costs half the throughput.
 */
export class TlsPort {
  readonly #routes: SecureRoutes;
  readonly #clock: Clock;
  readonly #service: ReplaceableServer;
  #site: ReplaceableServer | null;
  /** By the address and port of the TCP peer. */
  readonly #handshaking = new Map<string, Handshaking>();

  constructor(service: Certificate, site: Certificate | null, routes: SecureRoutes, clock: Clock) {
    this.#routes = routes;
    this.#clock = clock;
    const route = (socket: TLSSocket): void => {
      this.#route(socket);
    };
    const protocols = routes.mip1 ? [MIP2, MIP1, HTTP] : [MIP2, HTTP];
    this.#service = new ReplaceableServer(service, protocols, route);
    this.#site = site && new ReplaceableServer(site, protocols, route);
  }

  /** New handshakes use it; connections that are there go on. @throws Error when TLS does not take it */
  replaceServiceCertificate(certificate: Certificate): void {
    this.#service.replace(certificate);
  }

  /** @see replaceServiceCertificate */
  replaceSiteCertificate(certificate: Certificate): void {
    this.#site?.replace(certificate);
  }

  /** @param cancelDeadline of the handshake: called when it is over */
  accept(arrival: Arrival, cancelDeadline: () => void): void {
    const { socket } = arrival;
    const peer = sourceOf(socket);
    const site = this.#site;
    if (!peer) {
      socket.destroy();
      return;
    }
    const key = nameSource(peer);
    this.#handshaking.set(key, { arrival, cancelDeadline });
    socket.once("close", () => {
      if (this.#handshaking.get(key)?.arrival === arrival) this.#handshaking.delete(key);
    });
    if (!site) {
      this.#service.accept(socket);
      return;
    }
    let offered: readonly string[] | null = null;
    const isEnough = (hello: Buffer): boolean => (offered = readOfferedProtocols(hello)) !== null;
    awaitFirstBytes(socket, { clock: this.#clock, isEnough }, (first) => {
      if (typeof first === "string") socket.destroy();
      else if (offered?.some((name) => name === MIP1 || name === MIP2)) this.#service.accept(socket);
      else site.accept(socket);
    });
  }

  #route(socket: TLSSocket): void {
    socket.on("error", () => undefined);
    const peer = sourceOf(socket);
    const key = peer && nameSource(peer);
    const handshaking = key === null ? undefined : this.#handshaking.get(key);
    if (key === null || !handshaking) {
      socket.destroy();
      return;
    }
    this.#handshaking.delete(key);
    handshaking.cancelDeadline();
    socket.setNoDelay(true);
    const { source, admitted } = handshaking.arrival;
    presentSource(socket, source);
    this.#choose({ socket, source, admitted });
  }

  #choose(arrival: SecureArrival): void {
    const { agent, mip1, http } = this.#routes;
    const { alpnProtocol } = arrival.socket;
    if (alpnProtocol === MIP2) agent(arrival);
    else if (alpnProtocol === MIP1 && mip1) mip1(arrival);
    else if (alpnProtocol === HTTP) http(arrival);
    else this.#chooseByFirstByte(arrival);
  }

  #chooseByFirstByte(arrival: SecureArrival): void {
    const { mip1, http, viewer } = this.#routes;
    const patience = { clock: this.#clock, silenceMs: LIMITS.viewerSilenceMs };
    awaitFirstBytes(arrival.socket, patience, (first) => {
      if (first === "silence") viewer(arrival);
      else if (first !== "end" && isHttp(first)) http(arrival);
      else if (first !== "end" && mip1 && isMip1(first)) mip1(arrival);
      else arrival.socket.destroy();
    });
  }
}

/** A TLS server without a port, whose certificate can be exchanged. */
class ReplaceableServer {
  readonly #server: tls.Server;
  /** The same for all certificates: a session that was begun under one is resumed under the next. */
  readonly #ticketKeys = randomBytes(TICKET_KEY_BYTES);

  constructor(certificate: Certificate, protocols: string[], onSecure: (socket: TLSSocket) => void) {
    this.#server = tls.createServer({
      ...this.#describe(certificate),
      ALPNProtocols: protocols,
      handshakeTimeout: LIMITS.tlsHandshakeMs,
    });
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#server.on("secureConnection", onSecure);
  }

  accept(socket: Arrival["socket"]): void {
    this.#server.emit("connection", socket);
  }

  replace(certificate: Certificate): void {
    this.#server.setSecureContext(this.#describe(certificate));
  }

  #describe({ key, cert }: Certificate): tls.SecureContextOptions & { ticketKeys: Buffer } {
    return { key, cert, minVersion: "TLSv1.2", ciphers: CIPHERS, ticketKeys: this.#ticketKeys };
  }
}

/** Control (0) or data (2). @see MiP 1, appendix A.5 of the thesis */
function isMip1(first: Buffer): boolean {
  return first[0] === 0 || first[0] === 2;
}

function nameSource({ address, port }: Source): string {
  return `${address}|${port}`;
}
