import type { Logger } from "pino";
import type { PixelFormat } from "../../protocol/index.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { EndCause } from "./end-cause.ts";

/** A session whose relay is about to start. */
export interface RelayedSession {
  readonly id: string;
  readonly identity: ViewerIdentity;
  /** The one of ServerInit. */
  readonly pixelFormat: PixelFormat;
  /** Whether what the viewer types is dropped now, since it would run later than it was typed. */
  readonly holdsInput: () => boolean;
  /** To be called when something that the viewer typed is passed on. */
  readonly noteInput: () => void;
  /** A tap of every session. */
  readonly byteCounter: StreamTap;
  /** Its lines name the session. */
  readonly log: Logger;
}

/**
 * Decides what passes. A direction that it does not name passes unseen: its bytes may then be read in place.
 * `forward` is to be called at once, with views of the chunk or with buffers of its own. What a filter throws ends the
 * session.
 */
export interface StreamFilter {
  readonly toServer?: (chunk: Buffer, forward: (chunk: Buffer) => void) => void;
  readonly toViewer?: (chunk: Buffer, forward: (chunk: Buffer) => void) => void;
}

/** Bytes taken from either side so far. */
export interface RelayTraffic {
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
}

/**
 * Watches a session. A direction that it does not name costs nothing: `onStart` gives the traffic of both without a look
 * at their bytes. Chunks are what the filters let pass; they are valid during the call only, and must not be changed.
 */
export interface StreamTap {
  /** @param traffic stays current for the whole session */
  onStart?(traffic: RelayTraffic): void;
  readonly toServer?: (chunk: Buffer) => void;
  readonly toViewer?: (chunk: Buffer) => void;
  onEnd?(cause: EndCause): void;
}

export interface StreamStages {
  /** In the order in which chunks pass them. */
  readonly filters: readonly StreamFilter[];
  readonly taps: readonly StreamTap[];
}
