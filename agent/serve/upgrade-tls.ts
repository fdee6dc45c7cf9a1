import { createHash, X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { AuthError, PeerClosed, type TlsKind } from "../../protocol/index.ts";
import type { PublishedDesktop } from "../agent.ts";
import { isSameHost, LOOPBACK_NAMES } from "./same-host.ts";

type TlsSettings = Pick<PublishedDesktop, "name" | "endpoint" | "tls" | "tlsMinVersion">;

/** What OpenSSL says when the other side has no TLS version that is allowed here. */
const VERSION_ERRORS = /unsupported protocol|protocol version|version too low/i;

/** Anonymous Diffie-Hellman exists only up to TLS 1.2 and at security level 0. */
const ANONYMOUS: tls.ConnectionOptions = {
  ciphers: "aNULL:@SECLEVEL=0",
  maxVersion: "TLSv1.2",
  rejectUnauthorized: false,
};

/**
 * Starts TLS as a client within a connection to a desktop's VNC server.
 * @param stream the connection; it is destroyed when this fails, and belongs to the TLS stream otherwise
 * @throws AuthError `SERVER_CERTIFICATE`, `SERVER_TLS_VERSION`; PeerClosed `PEER_CLOSED` when there is no TLS after all
 */
export async function upgradeToTls(stream: Duplex, kind: TlsKind, desktop: TlsSettings): Promise<Duplex> {
  const trust = desktop.tls;
  const options = kind === "anonymous" ? ANONYMOUS : certificateOptions(desktop);
  const socket = tls.connect({ ...options, ...oldTlsOptions(desktop, options), socket: stream });
  // Stays for the stream's lifetime.
  socket.on("error", () => undefined);
  await awaitHandshake(socket, desktop);
  if (kind === "anonymous" || trust?.kind === "ca") return socket;
  const certificate = socket.getPeerX509Certificate();
  const shown = certificate === undefined ? "" : certificateFingerprint(certificate);
  if (trust !== undefined && shown === trust.sha256) return socket;
  socket.destroy();
  throw trust === undefined ? notConfigured(desktop.name, shown) : otherFingerprint(shown);
}

/** TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL has at security level 0 only. */
function oldTlsOptions(
  { tlsMinVersion }: TlsSettings,
  { ciphers = "DEFAULT" }: tls.ConnectionOptions,
): tls.ConnectionOptions {
  if (tlsMinVersion === undefined) return {};
  return {
    minVersion: tlsMinVersion,
    ciphers: ciphers.includes("@SECLEVEL") ? ciphers : `${ciphers}:@SECLEVEL=0`,
  };
}

/** Node checks the CA, or this file the fingerprint, before any credentials are sent to the server. */
function certificateOptions({ endpoint, tls: trust }: TlsSettings): tls.ConnectionOptions {
  const servername =
    endpoint.kind === "tcp" && !/^[\d.]+$|:/.test(endpoint.host) ? { servername: endpoint.host } : {};
  const client = trust?.client === undefined ? {} : { cert: trust.client, key: trust.client };
  if (trust?.kind !== "ca") return { ...servername, ...client, rejectUnauthorized: false };
  const accepted = endpoint.kind === "tcp" ? [endpoint.host] : [];
  if (isSameHost(endpoint)) accepted.push(...LOOPBACK_NAMES, hostname());
  return {
    ...servername,
    ...client,
    ca: readCa(trust.pem),
    rejectUnauthorized: true,
    checkServerIdentity: (_name, certificate) => {
      const errors = accepted.map((name) => tls.checkServerIdentity(name, certificate));
      return errors.includes(undefined) ? undefined : errors[0];
    },
  };
}

/** With an empty or unreadable `ca`, Node would trust every public CA instead. */
function readCa(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw certificateError("the CA for the VNC server's certificate is no certificate in PEM form", cause);
  }
}

function awaitHandshake(socket: tls.TLSSocket, desktop: TlsSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off("secureConnect", onSecure);
      socket.off("error", settle);
      socket.off("close", onClose);
      if (!error) {
        resolve();
        return;
      }
      socket.destroy();
      reject(explain(error, socket, desktop));
    };
    const onSecure = (): void => {
      settle();
    };
    const onClose = (): void => {
      settle(new Error("the VNC server closed the connection during the TLS handshake"));
    };
    socket.on("secureConnect", onSecure);
    socket.on("error", settle);
    socket.on("close", onClose);
  });
}

/** SHA-256 of the whole certificate, as `openssl x509 -fingerprint -sha256` prints it, without colons. */
function certificateFingerprint(certificate: X509Certificate): string {
  return createHash("sha256").update(certificate.raw).digest("hex");
}

function explain(cause: Error, socket: tls.TLSSocket, { name, tlsMinVersion }: TlsSettings): Error {
  // Node sets this when it refused the certificate.
  const refused: unknown = socket.authorizationError;
  if (refused || "host" in cause) {
    return certificateError(`the VNC server's certificate is not to be trusted: ${cause.message}`, cause);
  }
  if (tlsMinVersion !== "TLSv1" && VERSION_ERRORS.test(cause.message)) {
    const message =
      `the VNC server speaks no TLS version that is allowed (${cause.message}). ` +
      `If it has only TLS 1.0 or 1.1, --vnc-tls-min ${name}=1.0 allows them for this desktop.`;
    return new AuthError("SERVER_TLS_VERSION", message, {
      safeMessage: "The desktop's VNC server speaks only a TLS version that its host does not allow.",
      cause,
    });
  }
  return new PeerClosed("PEER_CLOSED", `TLS with the VNC server failed: ${cause.message}`, { cause });
}

function notConfigured(name: string, shown: string): AuthError {
  return certificateError(
    `the VNC server shows a certificate, and nothing says which one to trust. Its SHA-256 fingerprint is ${shown}. ` +
      `Compare it on the VNC server's host, then give --vnc-tls-fingerprint ${name}=${shown}, or --vnc-ca-file ${name}=FILE.`,
  );
}

function otherFingerprint(shown: string): AuthError {
  return certificateError(
    `the VNC server's certificate has another fingerprint than the one given: ${shown}. ` +
      "If the certificate was not renewed, somebody stands in between.",
  );
}

function certificateError(message: string, cause?: unknown): AuthError {
  return new AuthError("SERVER_CERTIFICATE", message, {
    safeMessage: "The desktop's VNC server shows a certificate that the host does not trust.",
    cause,
  });
}
