import { X509Certificate } from "node:crypto";
import { isIP, type TcpNetConnectOpts } from "node:net";
import tls from "node:tls";
import { PeerClosed, TimeoutError, type Clock } from "../../protocol/index.ts";
import type { Trust } from "../agent.ts";
import { alpnMissing, explainDialError } from "./dial-error.ts";
import { checkPinnedChain, fingerprintOf } from "./trust.ts";

export const ALPN_MIP2 = "mip/2";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface DialedServer {
  readonly socket: tls.TLSSocket;
  /** Of the CA at the end of the chain: the service that this server belongs to. */
  readonly service: string;
}

export interface DialOptions {
  readonly trust: Trust;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export function describeServer(server: ServerAddress): string {
  return server.host.includes(":") ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`;
}

/**
 * TCP, TLS, trust, ALPN; the caller owns the socket. No byte of ours leaves before the chain is checked.
 * @throws AuthError `TRUST_*`, PeerClosed `DIAL_*`, TimeoutError `DIAL_TIMEOUT`
 */
export function dialServer(server: ServerAddress, options: DialOptions): Promise<DialedServer> {
  const { trust, clock, signal } = options;
  const name = describeServer(server);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abandoned());
      return;
    }
    const connectOptions: tls.ConnectionOptions & TcpNetConnectOpts = {
      host: server.host,
      port: server.port,
      ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
      ALPNProtocols: [ALPN_MIP2],
      // The proof is bound to the connection by the exporter, which 1.2 binds less firmly.
      minVersion: "TLSv1.3",
      // A pinned CA is not known before it is seen: checkPinnedChain takes the place of Node's own check.
      ...(trust.kind === "ca" ? { ca: trust.pem, rejectUnauthorized: true } : { rejectUnauthorized: false }),
      allowHalfOpen: true,
      autoSelectFamilyAttemptTimeout: 1_000,
    };
    const socket = tls.connect(connectOptions);
    socket.setNoDelay(true);
    const cancelDeadline = clock.after(options.deadlineMs, () => {
      fail(timedOut(name));
    });
    const settle = (): void => {
      cancelDeadline();
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(explainDialError(error, name));
    };
    const onAbort = (): void => {
      fail(abandoned());
    };
    signal.addEventListener("abort", onAbort);
    // Both stay for the socket's life: its next owner may add its own a tick later.
    socket.on("error", fail);
    socket.on("close", () => {
      fail(new PeerClosed("DIAL_CLOSED", `${name} closed the connection during the TLS handshake`));
    });
    socket.once("secureConnect", () => {
      try {
        const chain = readPeerChain(socket);
        if (trust.kind === "fingerprint") checkPinnedChain(chain, trust.sha256, clock.now());
        if (socket.alpnProtocol !== ALPN_MIP2) throw alpnMissing(name);
        settle();
        resolve({ socket, service: nameService(trust, chain) });
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

function nameService(trust: Trust, chain: readonly X509Certificate[]): string {
  if (trust.kind === "fingerprint") return trust.sha256;
  const top = chain.at(-1);
  return top ? fingerprintOf(top) : "";
}

function readPeerChain(socket: tls.TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  const seen = new Set<string>();
  while (certificate && "raw" in certificate && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256);
    chain.push(new X509Certificate(certificate.raw));
    certificate = certificate.issuerCertificate as tls.DetailedPeerCertificate | undefined;
  }
  return chain;
}

function abandoned(): PeerClosed {
  return new PeerClosed("ABORTED", "the dial was given up");
}

function timedOut(name: string): TimeoutError {
  const sentence = `${name} did not answer in time.`;
  return new TimeoutError("DIAL_TIMEOUT", sentence, { safeMessage: sentence });
}
