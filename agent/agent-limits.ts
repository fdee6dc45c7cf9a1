import type { BackoffRange } from "../protocol/index.ts";

/** Every limit of the agent, by name. Times in milliseconds, sizes in bytes. */
export const AGENT_LIMITS = {
  /** TCP and TLS towards a server. */
  dialMs: 10_000,
  /** The head of an HTTP proxy's answer. */
  httpProxyAnswerBytes: 16 * 1024,
  /** A server that only a WebSocket reached is dialled by WebSocket at once for this long. */
  transportMemoryMs: 600_000,
  webSocketMessageBytes: 1024 * 1024,
  /** Handshake to Welcome. */
  proveMs: 10_000,
  handshakeBytes: 64 * 1024,
  /** The desktop's connection and its security handshake; a ticket lives 10 s. */
  endpointMs: 5_000,
  /** Everything that a VNC server's security says, and a long reason. */
  endpointBytes: 16 * 1024,
  /** After Tight security: from the viewer's admission to ServerInit. */
  serverInitMs: 10_000,
  /** ServerInit with the longest name and all capabilities. */
  serverInitBytes: 24 * 1024,
  /** TCP and TLS of a data connection. */
  dataDialMs: 5_000,
  /** Without a frame for this long the path counts as dead. */
  silenceMs: 30_000,
  /** Pings go out at least this often, so that a living path is never silent. */
  pingMs: 10_000,
  /** A control connection that lived this long starts the backoff anew. */
  stableMs: 10_000,
  /** What is waiting to be sent on the control connection; more means that nobody reads. */
  unsentBytes: 8 * 1024 * 1024,
  /** Spare data connections, whatever the server asks for. */
  spares: 2,
  /** A spare data connection is given up after this, should the server forget it. */
  spareLifeMs: 660_000,
  /** Viewers at once. */
  dataConnections: 128,
  /** A session with one direction over ends when nothing moves for this long. */
  lingerMs: 30_000,
  /** Time for buffered bytes to go out when the agent closes. */
  closeGraceMs: 2_000,
  /** TCP keep-alive of data connections. */
  keepAliveMs: 10_000,
} as const;

/** Waits before a connection is tried again, with full jitter. */
export const RECONNECT_BACKOFF = {
  /** Agents are back within 10 s of their server's return. */
  normal: { firstMs: 250, maxMs: 8_000 },
  /** An early return would only disturb: another connection of the same key has won. */
  slow: { firstMs: 5_000, maxMs: 60_000 },
} as const satisfies Record<string, BackoffRange>;
export type BackoffKind = keyof typeof RECONNECT_BACKOFF;
