import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { MIP2_ALPN, PeerClosed, type Clock, formatHostPort, type HostPort } from "../../protocol/index.ts";
import type { ServerTrust } from "../agent.ts";
import { alpnMissing, explainDialError } from "./dial-error.ts";
import { checkPinnedChain, publicKeyFingerprint } from "./server-trust.ts";
import { abortReason } from "./with-deadline.ts";

export interface DialedServer {
  readonly socket: tls.TLSSocket;
  /**
   * The pinned fingerprint, or that of the CA at the end of the chain: identifies the service of this server.
   */
  readonly service: string;
}

export interface TlsVerification {
  readonly trust: ServerTrust;
  /**
   * Valid instead of the pinned fingerprint since the service announced a new CA. Absent: the fingerprint.
   */
  readonly pins?: readonly string[];
  readonly clock: Clock;
}

/**
 * The agent's TLS over a stream to the server: certificate check, then ALPN. The agent sends no application
 * data before the chain is checked.
 * @param stream destroyed when this fails; belongs to the socket otherwise
 * @throws AuthError `TRUST_*`, PeerClosed `DIAL_*`, the signal's reason
 */
export function openTls(
  stream: Duplex,
  server: HostPort,
  { trust, pins, clock }: TlsVerification,
  signal: AbortSignal,
): Promise<DialedServer> {
  const name = formatHostPort(server);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      socket: stream,
      host: server.host,
      ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
      ALPNProtocols: [MIP2_ALPN],
      // The proof is bound to the connection by the exporter; the binding is weaker in TLS 1.2.
      minVersion: "TLSv1.3",
      // A pinned CA's certificate is not known before the handshake, so checkPinnedChain replaces Node's own
      // check.
      ...(trust.kind === "ca" ? { ca: trust.pem, rejectUnauthorized: true } : { rejectUnauthorized: false }),
    });
    socket.setNoDelay(true);
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      stream.destroy();
      reject(explainDialError(error, name));
    };
    const onAbort = (): void => {
      fail(abortReason(signal));
    };
    signal.addEventListener("abort", onAbort);
    // Both stay for the socket's lifetime: the next owner may add its own listeners a tick later.
    socket.on("error", fail);
    socket.on("close", () => {
      fail(new PeerClosed("DIAL_CLOSED", `${name} closed the connection during the TLS handshake`));
    });
    socket.once("secureConnect", () => {
      try {
        const chain = readPeerChain(socket);
        if (trust.kind === "fingerprint") checkPinnedChain(chain, pins ?? [trust.sha256], clock.now());
        if (socket.alpnProtocol !== MIP2_ALPN) throw alpnMissing(name);
        settle();
        resolve({ socket, service: serviceFingerprint(trust, chain) });
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    if (signal.aborted) onAbort();
  });
}

function serviceFingerprint(trust: ServerTrust, chain: readonly X509Certificate[]): string {
  if (trust.kind === "fingerprint") return trust.sha256;
  const top = chain.at(-1);
  return top ? publicKeyFingerprint(top) : "";
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
