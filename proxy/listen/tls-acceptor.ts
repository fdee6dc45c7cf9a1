import { MIP1_ALPN, MIP2_ALPN, type Clock } from "../../protocol/index.ts";
import { randomBytes } from "node:crypto";
import tls, { type TLSSocket } from "node:tls";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { TlsCertificate } from "../trust/server-certificate.ts";
import { awaitFirstBytes, isHttp } from "./protocol-detector.ts";
import { readSocketSource, type AcceptedConnection } from "./tcp-listener.ts";

const HTTP = "http/1.1";
const TICKET_KEY_BYTES = 48;
/** Less than Node's first buffer for TLS records. */
const TLS_PIECE_BYTES = 1_000;
/** Node's list with AES-128 first: strong enough, and cheaper on the relay's path. */
const CIPHERS = ["TLS_AES_128_GCM_SHA256", tls.DEFAULT_CIPHERS].join(":");

/** A TLS connection whose handshake is complete. */
export interface AcceptedTlsConnection {
  readonly socket: TLSSocket;
  readonly source: ConnectionSource;
  readonly classify: AcceptedConnection["classify"];
  authenticated(): void;
}

type TlsHandler = (connection: AcceptedTlsConnection) => void;

export interface TlsHandlers {
  /** ALPN `mip/2`. */
  readonly agent: TlsHandler;
  /** ALPN `mip/1`; or none, and the first byte is that of a MiP 1 message. Null: off, and not offered. */
  readonly mip1: {
    readonly accept: TlsHandler;
    /** Whether this address may speak it. */
    readonly isPeer: (address: string) => boolean;
  } | null;
  /** ALPN `http/1.1`; or none, and the first byte is that of a request. */
  readonly http: TlsHandler;
  /** No ALPN, and silence: it waits for the server's greeting. */
  readonly viewer: TlsHandler;
}

interface PendingHandshake {
  readonly connection: AcceptedConnection;
  readonly cancelDeadline: () => void;
}

/**
 * TLS on the one port. Agents get the service's own certificate, which they pin; all others get the site's, if there
 * is one. The choice depends on the ClientHello, before TLS begins, so each certificate has its own TLS server. They
 * get the real socket, since a wrapped one costs half the throughput.
 */
export class TlsAcceptor {
  readonly #handlers: TlsHandlers;
  readonly #clock: Clock;
  readonly #service: ReplaceableServer;
  readonly #site: ReplaceableServer | null;
  /**
   * TLS 1.2 only, for peers that may speak MiP 1. TLS 1.3 sends session tickets after the handshake, which old MiP 1 agents take for
   * data, so that they block in a read; Node cannot turn the tickets off.
   */
  readonly #mip1Service: ReplaceableServer | null;
  readonly #mip1Site: ReplaceableServer | null;
  /** By address and port of the TCP peer. */
  readonly #pendingHandshakes = new Map<string, PendingHandshake>();

  constructor(service: TlsCertificate, site: TlsCertificate | null, handlers: TlsHandlers, clock: Clock) {
    this.#handlers = handlers;
    this.#clock = clock;
    const route = (socket: TLSSocket): void => {
      this.#dispatch(socket);
    };
    const protocols = handlers.mip1 ? [MIP2_ALPN, MIP1_ALPN, HTTP] : [MIP2_ALPN, HTTP];
    this.#service = new ReplaceableServer(service, { protocols }, route);
    this.#site = site && new ReplaceableServer(site, { protocols }, route);
    const old = { protocols, maxVersion: "TLSv1.2" } as const;
    this.#mip1Service = handlers.mip1 && new ReplaceableServer(service, old, route);
    this.#mip1Site = handlers.mip1 && site && new ReplaceableServer(site, old, route);
  }

  /** For new handshakes; existing connections stay. @throws Error when TLS rejects it */
  replaceServiceCertificate(certificate: TlsCertificate): void {
    this.#service.replace(certificate);
    this.#mip1Service?.replace(certificate);
  }

  /** @see replaceServiceCertificate */
  replaceSiteCertificate(certificate: TlsCertificate): void {
    this.#site?.replace(certificate);
    this.#mip1Site?.replace(certificate);
  }

  /**
   * The whole ClientHello is unread in the socket.
   * @param offered the protocols that it offers
   * @param cancelDeadline called at the end of the handshake
   */
  accept(connection: AcceptedConnection, offered: readonly string[], cancelDeadline: () => void): void {
    const { socket, source } = connection;
    const peer = readSocketSource(socket);
    if (!peer) {
      socket.destroy();
      return;
    }
    const key = formatSourceKey(peer);
    this.#pendingHandshakes.set(key, { connection, cancelDeadline });
    socket.once("close", () => {
      if (this.#pendingHandshakes.get(key)?.connection === connection) this.#pendingHandshakes.delete(key);
    });
    this.#chooseServer(offered, this.#handlers.mip1?.isPeer(source.address) === true).accept(socket);
  }

  /** @param isMip1Peer it may speak MiP 1, which it does with that ALPN or without any */
  #chooseServer(offered: readonly string[], isMip1Peer: boolean): ReplaceableServer {
    if (offered.includes(MIP2_ALPN)) return this.#service;
    if (offered.includes(MIP1_ALPN)) return (isMip1Peer ? this.#mip1Service : null) ?? this.#service;
    const mayBeMip1 = isMip1Peer && offered.length === 0;
    return (mayBeMip1 ? (this.#mip1Site ?? this.#mip1Service) : null) ?? this.#site ?? this.#service;
  }

  #dispatch(socket: TLSSocket): void {
    socket.on("error", () => undefined);
    const peer = readSocketSource(socket);
    const key = peer && formatSourceKey(peer);
    const handshaking = key === null ? undefined : this.#pendingHandshakes.get(key);
    if (key === null || !handshaking) {
      socket.destroy();
      return;
    }
    this.#pendingHandshakes.delete(key);
    handshaking.cancelDeadline();
    socket.setNoDelay(true);
    const { source, classify, authenticated } = handshaking.connection;
    this.#dispatchByAlpn({ socket, source, classify, authenticated });
  }

  #dispatchByAlpn(connection: AcceptedTlsConnection): void {
    const { agent, mip1, http } = this.#handlers;
    const { alpnProtocol } = connection.socket;
    if (alpnProtocol === MIP2_ALPN) {
      if (connection.classify("agent")) agent(connection);
    } else if (alpnProtocol === MIP1_ALPN && mip1) {
      if (connection.classify("agent")) mip1.accept(connection);
    } else if (alpnProtocol === HTTP) http(connection);
    else this.#dispatchByFirstByte(connection);
  }

  #dispatchByFirstByte(connection: AcceptedTlsConnection): void {
    const { mip1, http, viewer } = this.#handlers;
    const firstBytesOptions = { clock: this.#clock, silenceMs: PROXY_LIMITS.viewerSilenceMs };
    awaitFirstBytes(connection.socket, firstBytesOptions, (first) => {
      if (first === "silence") {
        if (connection.classify("viewer")) viewer(connection);
      } else if (first !== "end" && isHttp(first)) http(connection);
      else if (first !== "end" && mip1 && isMip1(first)) {
        if (connection.classify("agent")) mip1.accept(connection);
      } else connection.socket.destroy();
    });
  }
}

/** A TLS server without a port whose certificate can be replaced. */
class ReplaceableServer {
  readonly #server: tls.Server;
  /** The same for all certificates, so that TLS sessions can be resumed after a replacement. */
  readonly #ticketKeys = randomBytes(TICKET_KEY_BYTES);

  readonly #maxVersion: tls.SecureVersion;

  constructor(
    certificate: TlsCertificate,
    {
      protocols,
      maxVersion = "TLSv1.3",
    }: { readonly protocols: readonly string[]; readonly maxVersion?: tls.SecureVersion },
    onSecure: (socket: TLSSocket) => void,
  ) {
    this.#maxVersion = maxVersion;
    this.#server = tls.createServer({
      ...this.#describe(certificate),
      // With ALPNProtocols each socket keeps a copy of the list in Buffer's pool, and with it the whole slab.
      ALPNCallback: ({ protocols: offered }) => protocols.find((name) => offered.includes(name)),
      handshakeTimeout: PROXY_LIMITS.tlsHandshakeMs,
    });
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#server.on("secureConnection", onSecure);
  }

  accept(socket: AcceptedConnection["socket"]): void {
    handOverInPieces(socket);
    this.#server.emit("connection", socket);
  }

  replace(certificate: TlsCertificate): void {
    this.#server.setSecureContext(this.#describe(certificate));
  }

  #describe({ key, cert }: TlsCertificate): tls.SecureContextOptions & { ticketKeys: Buffer } {
    return {
      key,
      cert,
      minVersion: "TLSv1.2",
      maxVersion: this.#maxVersion,
      ciphers: CIPHERS,
      ticketKeys: this.#ticketKeys,
    };
  }
}

/**
 * TLS takes the unread bytes of `socket` by read() until nothing is left. Node's buffer for incoming records holds 1 KiB at
 * first, or the whole first piece if that is longer; once it is full, a second one of 16 KiB is made and stays as long as
 * the connection. A ClientHello with a post-quantum key share is longer than 1 KiB, and the budget of an idle agent is 40 KiB:
 * no piece may fill the first buffer.
 */
function handOverInPieces(socket: AcceptedConnection["socket"]): void {
  const { read } = socket;
  socket.read = (size = Math.min(socket.readableLength, TLS_PIECE_BYTES)): unknown => {
    const piece: unknown = read.call(socket, size);
    if (piece === null) socket.read = read;
    return piece;
  };
}

/** Control (0) or data (2). @see MiP 1, appendix A.5 of the thesis */
function isMip1(first: Buffer): boolean {
  return first[0] === 0 || first[0] === 2;
}

function formatSourceKey({ address, port }: ConnectionSource): string {
  return `${address}|${port}`;
}
