import type { Duplex } from "node:stream";
import type { Conversation } from "../../bytes/conversation.ts";
import { ProtocolError } from "../../errors.ts";

/**
 * Anonymous TLS only protects from eavesdroppers; X509 with a checked certificate authenticates the server.
 */
export type TlsKind = "anonymous" | "x509";

/** What is known about a VNC server and may be used for its login. All absent: no authentication. */
export interface ServerLogin {
  readonly user?: string;
  /** The very bytes, or text as UTF-8. */
  readonly password?: Buffer | string;
  /**
   * Starts TLS as a client on this stream and settles once the server is checked. For `x509` it throws an
   * AuthError `SERVER_CERTIFICATE` when the certificate cannot be trusted. Absent: no security type that
   * needs TLS is chosen.
   */
  readonly upgrade?: (stream: Duplex, kind: TlsKind) => Promise<Duplex>;
  /** A certificate is required: only TLS with a checked certificate is used. */
  readonly requireX509?: boolean;
  /** Nothing can eavesdrop on the connection (same host): passwords may be sent in clear. */
  readonly allowClearText?: boolean;
  /** MSLogonII protects the password only with 64-bit Diffie-Hellman, which is easily broken. */
  readonly allowMsLogon?: boolean;
  /** Security types that were tried and led nowhere. */
  readonly avoid?: readonly number[];
}

/** The password as it is sent or hashed. */
export function encodePassword({ password = "" }: ServerLogin): Buffer {
  return typeof password === "string" ? Buffer.from(password, "utf8") : password;
}

/** From now on the conversation runs inside TLS. */
export async function beginTls(peer: Conversation, { upgrade }: ServerLogin, kind: TlsKind): Promise<void> {
  if (!upgrade) throw new Error("a type with TLS was chosen without a way to do TLS");
  await peer.replaceStream((stream) => upgrade(stream, kind));
}

/** A new connection that avoids the security types of this one would succeed. Never leaves the agent. */
export class OtherSecurityType extends ProtocolError {
  readonly tried: readonly number[];

  constructor(tried: readonly number[], message: string) {
    super("SERVER_OTHER_WAY", message);
    this.tried = tried;
  }
}

/** A server that waits for ClientInit. */
export interface ServerLoginResult {
  /** The security type as text, for logs: `vncAuth`, `veNCrypt x509Plain`, `tight none`. */
  readonly security: string;
  /** Its ServerInit is followed by Tight capabilities, which an ordinary viewer does not expect. */
  readonly hasTightCapabilities: boolean;
}
