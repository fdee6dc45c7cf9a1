import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";

/** First byte of a TLS record that carries a ClientHello. */
const TLS_HANDSHAKE = 0x16;
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;

export interface PlainHandlers {
  /** A ClientHello; `cancelDeadline` is to be called at the end of the handshake. */
  readonly tls: (connection: AcceptedConnection, cancelDeadline: () => void) => void;
  /** A request of plain HTTP; the deadline stays in force. */
  readonly http: (connection: AcceptedConnection) => void;
  /** Silence: a viewer that waits for the server's greeting. */
  readonly viewer: (connection: AcceptedConnection) => void;
}

/**
 * Chooses the protocol of a connection to the one port by its first byte, or by its silence.
 */
export class ProtocolDetector {
  readonly #handlers: PlainHandlers;
  readonly #clock: Clock;

  constructor(handlers: PlainHandlers, clock: Clock) {
    this.#handlers = handlers;
    this.#clock = clock;
  }

  accept(connection: AcceptedConnection): void {
    const { socket } = connection;
    const clock = this.#clock;
    const cancel = clock.after(PROXY_LIMITS.tlsHandshakeMs, () => socket.destroy());
    const cancelDeadline = (): void => {
      socket.off("close", cancel);
      cancel();
    };
    socket.once("close", cancel);
    awaitFirstBytes(socket, { clock, silenceMs: PROXY_LIMITS.viewerSilenceMs }, (first) => {
      if (first === "silence") {
        cancelDeadline();
        this.#handlers.viewer(connection);
      } else if (first !== "end" && isTls(first)) this.#handlers.tls(connection, cancelDeadline);
      else if (first !== "end" && isHttp(first)) this.#handlers.http(connection);
      else socket.destroy();
    });
  }
}

/** What a connection begins with: its bytes, nothing for a while, or its end. */
type FirstBytes = Buffer | "silence" | "end";

interface FirstBytesOptions {
  readonly clock: Clock;
  /** After so long without a byte the answer is "silence"; absent: never. */
  readonly silenceMs?: number;
  /** Whether these bytes are enough to decide by; default: one is. */
  readonly isEnough?: (held: Buffer) => boolean;
}

/**
 * Waits for the first bytes of a connection and calls `decide` once. The bytes stay in the socket for the next reader.
 * Until then the socket may have no other listener for its data.
 */
export function awaitFirstBytes(
  socket: Duplex,
  { clock, silenceMs, isEnough = () => true }: FirstBytesOptions,
  decide: (first: FirstBytes) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  let settled = false;
  let cancel: () => void = () => undefined;
  const settle = (first: FirstBytes): void => {
    if (settled) return;
    settled = true;
    cancel();
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
    if (held.length > 0 && !socket.destroyed) socket.unshift(held);
    decide(first);
  };
  const onReadable = (): void => {
    // From Node 26 on, read() gives one chunk at a time, and no further event announces the chunks that are left.
    while (!settled) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null || chunk.length === 0) return;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      cancel();
      if (isEnough(held)) settle(held);
    }
  };
  const onEnd = (): void => {
    settle("end");
  };
  // On a busy event loop the timer may fire while the first bytes are in the kernel already: they are read first.
  const onSilence = (): void => {
    setImmediate(() => {
      onReadable();
      if (held.length === 0) settle("silence");
    });
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  if (silenceMs !== undefined) cancel = clock.after(silenceMs, onSilence);
  if (socket.readableEnded || socket.destroyed) onEnd();
  else onReadable();
}

function isTls(first: Buffer): boolean {
  return first[0] === TLS_HANDSHAKE;
}

/** Every method of HTTP begins with a capital letter. */
export function isHttp(first: Buffer): boolean {
  const [byte = 0] = first;
  return byte >= LETTER_A && byte <= LETTER_Z;
}
