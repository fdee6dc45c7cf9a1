import type { BackoffRange } from "../protocol/index.ts";

/** Every limit of the agent, by name. Times in milliseconds, sizes in bytes. */
export const AGENT_LIMITS = {
  /** TCP and TLS to a server. */
  dialMs: 10_000,
  /** The head of an HTTP proxy's response. */
  httpProxyAnswerBytes: 16 * 1024,
  /** A server that was reachable only by WebSocket is dialled directly by WebSocket for this long. */
  transportMemoryMs: 600_000,
  webSocketMessageBytes: 1024 * 1024,
  /** From Handshake to Welcome. */
  proveMs: 10_000,
  handshakeBytes: 64 * 1024,
  /** TCP to a desktop's VNC server. */
  endpointMs: 5_000,
  /** Its security handshake: some VNC servers ask the person at the desktop first. */
  attendedMs: 60_000,
  /** A VNC server that takes longer may be asking a person at the desktop: the server is told to wait. */
  attendedNoticeMs: 3_000,
  /** A data connection whose VNC server is not ready by then is closed and dialled again: servers cut it after 5 s. */
  dataIdleMs: 3_000,
  /** All security messages of a VNC server, and a long reason. */
  endpointBytes: 16 * 1024,
  /** After Tight security: from the viewer's admission to ServerInit. */
  serverInitMs: 10_000,
  /** ServerInit with the longest name and all capabilities. */
  serverInitBytes: 24 * 1024,
  /** TCP and TLS of a data connection. */
  dataDialMs: 5_000,
  /** Without a frame for this long, the connection counts as lost. */
  silenceMs: 30_000,
  /** Pings are sent at least this often, so that a working connection is never silent. */
  pingMs: 10_000,
  /** After a control connection that lasted this long, the backoff restarts. */
  stableMs: 10_000,
  /** Bytes queued on the control connection; more means that the peer does not read. */
  unsentBytes: 8 * 1024 * 1024,
  /** Spare connections, even if the server requests more. */
  spares: 2,
  /** A spare connection is closed after this time, in case the server has forgotten it. */
  spareLifeMs: 660_000,
  /** Concurrent viewers. */
  dataConnections: 128,
  /** A session with one direction closed ends after this time without traffic. */
  lingerMs: 30_000,
  /** Between two signs that this process runs, while it has sessions. */
  runTickMs: 1_000,
  /** Input that was read after the process had stood still for so long is not passed on: it would run late. */
  stallMs: 4_000,
  /**
   * Sent again so often without an acknowledgement, the VNC server's host counts as cut off: after 3 s at the earliest, since
   * the waits begin with 200 ms and double.
   */
  endpointRetransmissions: 4,
  /** The server is asked this often whether it is there, while it has sessions here. */
  pathProbeMs: 2_000,
  /** What comes behind a halt of the path waits so long for the end of its connection: it may be old. */
  doubtMs: 1_000,
  /** Bytes that wait so: a clipboard of 256 KiB and what is typed beside it. More ends the connection. */
  doubtfulBytes: 320 * 1024,
  /** Time for buffered bytes to be sent when the agent closes. */
  closeGraceMs: 2_000,
  /** TCP keep-alive of data connections and towards VNC servers begins after this silence. */
  keepAliveMs: 10_000,
  /** A WebSocket carries a ping this often, so that nothing in between takes it for idle. */
  webSocketPingMs: 20_000,
} as const;

/** Waits between connection attempts, with full jitter. */
export const RECONNECT_BACKOFF = {
  /** Agents reconnect within 10 s of their server's return. */
  normal: { firstMs: 250, maxMs: 8_000 },
  /** Another connection with the same key has replaced this one: reconnecting early would only disturb it. */
  slow: { firstMs: 5_000, maxMs: 60_000 },
} as const satisfies Record<string, BackoffRange>;
export type BackoffKind = keyof typeof RECONNECT_BACKOFF;
