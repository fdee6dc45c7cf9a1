import type { Duplex } from "node:stream";
import type { ConnectionSource } from "./connection-source.ts";

/**
 * Which listener accepted it: the port for viewers alone, the one port without TLS, the one port inside TLS, a
 * WebSocket, or the repeater's port.
 */
export type ViewerListener = "plain" | "one-port" | "tls" | "websocket" | "repeater";

/** Questions to a viewer beside its RFB, which it answers in the order of its RFB. */
export interface ViewerPings {
  send(question: string): void;
  /** The latest listener alone is called. */
  onAnswer(listener: (answer: string) => void): void;
}

/** An accepted viewer, on any transport. */
export interface AcceptedViewer {
  /** What carries its RFB now: another one once it is encrypted. */
  readonly stream: Duplex;
  readonly transport: "rfb" | "websocket";
  readonly listener: ViewerListener;
  readonly source: ConnectionSource;
  /** Null: it answers none, as every viewer outside the pages. */
  readonly pings: ViewerPings | null;
  /**
   * How often the kernel has sent again what has not been acknowledged; null: it has been, or that cannot be known (Linux says
   * it). Never rejects.
   */
  countRetransmissions(): Promise<number | null>;
  /** A web ticket that came with it; null: it has to give a token as its VNC password. */
  readonly ticket: string | null;
  /** It wants the sign-in screen at once, without a password of the viewer's own. */
  readonly asksAccount: boolean;
  /** Ids of the desktops that it has asked for; null: whichever its token or ticket opens. */
  readonly requestedDesktopIds: ReadonlySet<string> | null;
  /**
   * Begins TLS inside the connection, under a deadline of its own, and replaces `stream`; null: it is encrypted.
   * A failure closes the connection.
   */
  readonly encrypt: ((signal: AbortSignal) => Promise<void>) | null;
  /** From now on its RFB runs over this stream, which encrypts, and owns the one before it. */
  replaceStream(stream: Duplex): void;
  /** It is identified: releases its pre-authentication slot. Idempotent. */
  authenticated(): void;
  /** Ends it so that what was written still arrives. `closeCode` is WebSocket's. Idempotent. */
  finish(closeCode: number, reason: string): void;
}
