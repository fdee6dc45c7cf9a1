/** The agent's door, as `bin` sees it. */
import type { Logger } from "pino";
import type { AgentRole, Clock } from "../protocol/index.ts";

export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How a VNC server's certificate is checked: by the CA that issued it, or as this one certificate. */
export type VncServerTls = (
  { readonly kind: "ca"; readonly pem: string } | { readonly kind: "fingerprint"; readonly sha256: string }
) & {
  /** For servers that ask for one: our certificate and its key, both in one PEM text. */
  readonly client?: string;
};

export interface PublishedDesktop {
  /** What viewers see. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** For the VNC server's own VNC Authentication; never leaves this host. */
  readonly vncPassword?: string;
  /** For logins that also want a user name; never leaves this host. */
  readonly vncUser?: string;
  /** Present: the VNC server has to show a certificate that passes. */
  readonly tls?: VncServerTls;
  /** Use MSLogonII where the VNC server offers nothing better. It does not protect the password. */
  readonly msLogon?: boolean;
  readonly machineId?: string;
}

/** Whom the agent believes. One of the two; never neither. */
export type ServerTrust =
  { readonly kind: "fingerprint"; readonly sha256: string } | { readonly kind: "ca"; readonly pem: string };

/** The way out where only an HTTP proxy leads out: `CONNECT`, with Basic login if the URL has a user. */
export interface HttpProxySettings {
  /** `http://[USER:PASSWORD@]HOST:PORT` */
  readonly url: string;
  /** Servers that are dialled directly all the same, written as in the variable NO_PROXY. */
  readonly bypass: string;
}

/** `auto`: plain TLS, and a WebSocket over HTTPS where that does not pass. */
export type TransportChoice = "auto" | "tls" | "websocket";

export interface AgentOptions {
  /** Servers to dial, in turn. A Setup request may name only these, or what `allowServers` matches. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** Further servers that a Setup request may name: `HOST:PORT`, or `.SUFFIX:PORT`. */
  readonly allowServers: readonly string[];
  readonly trust: ServerTrust;
  /** Null or absent: servers are dialled directly. */
  readonly httpProxy?: HttpProxySettings | null;
  /** What carries the agent's TLS to a server. Default: `auto`. */
  readonly transport?: TransportChoice;
  /** Redeemed once, when no key is enrolled yet. */
  readonly joinSecret: string | null;
  /** Keeps the key, mode 0600. */
  readonly dataDir: string;
  /** What administrators see; not shown to viewers. */
  readonly name: string;
  readonly role: AgentRole;
  readonly desktops: readonly PublishedDesktop[];
  /** Answers the server's requests (hosts). Throw a RequestError to refuse with its code and safeMessage. */
  readonly onRequest: (method: string, params: unknown) => Promise<unknown>;
  readonly log: Logger;
  readonly clock: Clock;
  /** From 0 up to, not including, 1; spreads reconnects. Default: Math.random. */
  readonly random?: () => number;
}

export interface RunningAgent {
  /** Settles when all desktops given in the options are published for the first time; rejects on a final refusal. */
  readonly ready: Promise<void>;
  /** Settles when the agent has stopped: with null after `close()`, with the cause after a final refusal. Never rejects. */
  readonly stopped: Promise<Error | null>;
  publish(desktop: PublishedDesktop): void;
  withdraw(name: string): void;
  /** Sends an event now if connected; `onConnect` lets the owner send the whole picture anew after a reconnect. */
  emit(name: string, data: unknown): void;
  onConnect(listener: () => void): void;
  /** Withdraws, ends data connections after what is buffered went out. Idempotent. */
  close(): Promise<void>;
}
