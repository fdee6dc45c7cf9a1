import type { Duplex } from "node:stream";
import type { Source } from "./source.ts";

/**
 * By which door it came: the port for viewers alone, the one port without TLS, the one port inside TLS, or a
 * WebSocket.
 */
export type ViewerDoor = "plain" | "one-port" | "tls" | "websocket";

/** A viewer that has arrived, whatever carries its RFB. */
export interface Viewer {
  readonly stream: Duplex;
  readonly transport: "rfb" | "websocket";
  readonly door: ViewerDoor;
  readonly source: Source;
  /** A web ticket that came with it; null: it has to give a token as its VNC password. */
  readonly ticket: string | null;
  /** It is identified: its place among the unadmitted is free again. Idempotent. */
  admitted(): void;
  /** Ends it so that what was written still arrives. `closeCode` is WebSocket's. Idempotent. */
  finish(closeCode: number, reason: string): void;
}
