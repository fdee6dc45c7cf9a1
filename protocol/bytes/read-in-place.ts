import type { Duplex } from "node:stream";

/** Where a socket reads to, and the callback for each read: what `net.connect` takes as `onread`. */
export interface ReadTarget {
  /** Memory for the next read. */
  nextBuffer(): Buffer;
  /** `length` bytes were read into the start of the memory returned last. */
  onRead(length: number): void;
}

/** A stream over a socket that decodes what is read in place. */
export interface InPlaceReader {
  /** @returns whether reads go to `place` from now on; what cannot be decoded in place is still emitted */
  readInPlace(place: ReadTarget): boolean;
}

interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

type Fields = Record<symbol, unknown>;

/** Node's internal names of the fields behind `onread`. */
const FIELDS = ["kBuffer", "kBufferCb", "kBufferGen"];

/**
 * Makes an open socket of `net` or `tls` read into the caller's memory, as the option `onread` of
 * `net.connect` does from the start. This saves an allocation for every read. Node has no public call for a
 * socket that was accepted or has already been used. If this version of Node has no such fields, the result
 * is false and nothing has changed. `pause`, `resume`, the stream's end and its errors work as before.
 * @returns whether reads go to `place` from now on
 */
export function readInPlace(stream: Duplex, place: ReadTarget): boolean {
  const reader = stream as Duplex & Partial<InPlaceReader>;
  if (reader.readInPlace) return reader.readInPlace(place);
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
 * Whether a stream no longer needs a chunk once its write is done. True for sockets, and for streams that
 * declare it. Other streams may still read the chunk, so its memory must not be reused.
 */
export function releasesChunks(stream: Duplex): boolean {
  const { _handle: handle, releasesChunks: says } = stream as {
    readonly _handle?: Partial<Handle> | null;
    readonly releasesChunks?: boolean;
  };
  return says === true || typeof handle?.useUserBuffer === "function";
}
