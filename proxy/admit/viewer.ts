import type { Duplex } from "node:stream";
import type { Source } from "./source.ts";

/** A viewer that has arrived, whatever carries its RFB. */
export interface Viewer {
  /** What carries its RFB now. */
  readonly stream: Duplex;
  readonly transport: "rfb" | "websocket";
  readonly source: Source;
  /** A web ticket that came with it; null: it has to give a token as its VNC password. */
  readonly ticket: string | null;
  /** Its RFB goes on over this stream, which encrypts, and owns the one before it. */
  continueOn(stream: Duplex): void;
  /** It is identified: its place among the unadmitted is free again. Idempotent. */
  admitted(): void;
  /** Ends it so that what was written still arrives. `closeCode` is WebSocket's. Idempotent. */
  finish(closeCode: number, reason: string): void;
}
