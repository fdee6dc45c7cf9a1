/** The public interface of the agent package. */
import type { Logger } from "pino";
import type { AgentRole, Clock } from "../protocol/index.ts";

export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How a VNC server's certificate is checked: against the CA that issued it, or against one certificate. */
export type VncServerTls = (
  { readonly kind: "ca"; readonly pem: string } | { readonly kind: "fingerprint"; readonly sha256: string }
) & {
  /** For servers that request one: the client certificate and its key, in one PEM text. */
  readonly client?: string;
};

/** As Node names them. */
export type OldTlsVersion = "TLSv1" | "TLSv1.1";

export interface PublishedDesktop {
  /** Shown to viewers. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The VNC server's own password, its very bytes (text: UTF-8); never leaves this host. */
  readonly vncPassword?: Buffer | string;
  /** For logins that also need a user name; never leaves this host. */
  readonly vncUser?: string;
  /** Present: the VNC server must present a certificate that passes the check. */
  readonly tls?: VncServerTls;
  /** A lower TLS version than 1.2 that this VNC server may speak. */
  readonly tlsMinVersion?: OldTlsVersion;
  /** Use MSLogonII if the VNC server offers nothing better. It does not protect the password. */
  readonly msLogon?: boolean;
  readonly machineId?: string;
}

/** How the agent authenticates servers: by exactly one of the two. */
export type ServerTrust =
  { readonly kind: "fingerprint"; readonly sha256: string } | { readonly kind: "ca"; readonly pem: string };

/** For networks with an HTTP proxy as the only exit: `CONNECT`, with Basic login if the URL has a user. */
export interface HttpProxySettings {
  /** `http://[USER:PASSWORD@]HOST:PORT` */
  readonly url: string;
  /** Servers that are dialled directly nevertheless, in the syntax of the variable NO_PROXY. */
  readonly bypass: string;
}

/** `auto`: plain TLS, and a WebSocket over HTTPS if plain TLS is blocked. */
export type TransportChoice = "auto" | "tls" | "websocket";

export interface AgentOptions {
  /** Servers to dial, in turn. A Setup request may name only these, or those that `allowServers` matches. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** Further servers that a Setup request may name: `HOST:PORT`, or `.SUFFIX:PORT`. */
  readonly allowServers: readonly string[];
  readonly trust: ServerTrust;
  /** Null or absent: servers are dialled directly. */
  readonly httpProxy?: HttpProxySettings | null;
  /** Transport of the agent's TLS to a server. Default: `auto`. */
  readonly transport?: TransportChoice;
  /** Redeemed once, when no key is enrolled yet. */
  readonly joinSecret: string | null;
  /** Folder of the key file, which has mode 0600. */
  readonly dataDir: string;
  /** Shown to administrators, not to viewers. */
  readonly name: string;
  readonly role: AgentRole;
  readonly desktops: readonly PublishedDesktop[];
  /** Answers the server's requests (hosts). Throw a RequestError to refuse with its code and safeMessage. */
  readonly onRequest: (method: string, params: unknown) => Promise<unknown>;
  readonly log: Logger;
  readonly clock: Clock;
  /** From 0 (inclusive) to 1 (exclusive); spreads reconnects. Default: Math.random. */
  readonly random?: () => number;
}

export interface RunningAgent {
  /** Settles when all desktops of the options have been published once; rejects on a final refusal. */
  readonly ready: Promise<void>;
  /**
   * Settles when the agent has stopped: with null after `close()`, with the cause after a final refusal.
   * Never rejects.
   */
  readonly stopped: Promise<Error | null>;
  publish(desktop: PublishedDesktop): void;
  withdraw(name: string): void;
  /** Sends an event now if connected. With `onConnect` the owner can resend all state after a reconnect. */
  emit(name: string, data: unknown): void;
  onConnect(listener: () => void): void;
  /** Withdraws all desktops and ends data connections after their buffered bytes were sent. Idempotent. */
  close(): Promise<void>;
}
