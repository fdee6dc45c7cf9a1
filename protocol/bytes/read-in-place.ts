import type { Duplex } from "node:stream";

/** Where a socket's reads go, and what is called with each: what `net.connect` takes as `onread`. */
export interface ReadTarget {
  /** Room for the next read. */
  nextBuffer(): Uint8Array;
  /** That many bytes lie at the beginning of the room that was given last. */
  onRead(length: number): void;
}

interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

type Fields = Record<symbol, unknown>;

/** Node's names of the fields behind `onread`. */
const FIELDS = ["kBuffer", "kBufferCb", "kBufferGen"];

/**
 * Lets an open socket of `net` or `tls` read into the caller's memory, as the option `onread` of `net.connect` does from
 * the start: without an allocation for every read. Node has no public call for a socket that is accepted, or that spoke
 * before; where this Node keeps its fields elsewhere, the answer is false and nothing has changed. `pause`, `resume`, the
 * stream's end and its errors stay what they were.
 * @returns whether reads go to `place` from now on
 */
export function readInPlace(stream: Duplex, place: ReadTarget): boolean {
  const handle = (stream as { _handle?: Partial<Handle> | null })._handle;
  if (typeof handle?.useUserBuffer !== "function") return false;
  const symbols = Object.getOwnPropertySymbols(stream);
  const [buffer, callback, generate] = FIELDS.map((name) =>
    symbols.find(({ description }) => description === name),
  );
  if (buffer === undefined || callback === undefined || generate === undefined) return false;
  const fields = stream as unknown as Fields;
  const first = place.nextBuffer();
  fields[generate] = () => place.nextBuffer();
  fields[callback] = (length: number) => {
    place.onRead(length);
    return true;
  };
  fields[buffer] = first;
  handle.useUserBuffer(first);
  return true;
}

/**
 * Whether a stream is done with a chunk when its write is: sockets are, and streams that say so. Others may go on
 * reading it, so its memory must not be used again.
 */
export function releasesChunks(stream: Duplex): boolean {
  const { _handle: handle, releasesChunks: says } = stream as {
    readonly _handle?: Partial<Handle> | null;
    readonly releasesChunks?: boolean;
  };
  return says === true || typeof handle?.useUserBuffer === "function";
}
