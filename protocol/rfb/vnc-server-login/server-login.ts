import type { Duplex } from "node:stream";

/** Anonymous TLS hides the stream from listeners only; X509 also proves who the server is, if its certificate is checked. */
export type TlsKind = "anonymous" | "x509";

/** What is known about a VNC server and may be used to enter it; all absent: it is expected to want nothing. */
export interface ServerLogin {
  readonly user?: string;
  readonly password?: string;
  /**
   * Starts TLS as a client on this stream and settles once the server is checked. For `x509` it throws an AuthError
   * `SERVER_CERTIFICATE` when the certificate cannot be trusted. Absent: no security type that needs TLS is chosen.
   */
  readonly upgrade?: (stream: Duplex, kind: TlsKind) => Promise<Duplex>;
  /** A certificate is expected: nothing is done without TLS whose certificate was checked. */
  readonly requireX509?: boolean;
  /** The way to the server is safe from listeners (it is on the same host): passwords may be sent as they are. */
  readonly allowClearText?: boolean;
  /** MSLogonII hides the password behind 64-bit Diffie-Hellman, which hides nothing from those who try. */
  readonly allowMsLogon?: boolean;
  /** VeNCrypt was tried and led nowhere. */
  readonly avoidVeNCrypt?: boolean;
}

/** A server that stands at ClientInit. */
export interface ServerLoginResult {
  /** The security type in words, for logs: `vncAuth`, `veNCrypt x509Plain`, `tight none`. */
  readonly security: string;
  /** Its ServerInit is followed by Tight capabilities, which an ordinary viewer does not expect. */
  readonly hasTightCapabilities: boolean;
}
