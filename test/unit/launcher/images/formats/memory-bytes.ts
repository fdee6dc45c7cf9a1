import type { ImageBytes } from "../../../../../launcher/images/formats/image-bytes.ts";

/** A file that is there only in part: pieces at their places, zeros between them. */
export function bytesOf(size: number, pieces: Readonly<Record<number, Buffer>>): ImageBytes {
  return {
    size,
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const result = Buffer.alloc(offset < 0 ? 0 : wanted);
      for (const [at, piece] of Object.entries(pieces)) {
        const start = Number(at) - offset;
        for (let index = 0; index < piece.length; index += 1) {
          const to = start + index;
          if (to >= 0 && to < result.length) result[to] = piece[index]!;
        }
      }
      return Promise.resolve(result);
    },
  };
}

/** A piece of `length` bytes, filled in by `change`. */
export function piece(length: number, change: (wire: Buffer) => void): Buffer {
  const wire = Buffer.alloc(length);
  change(wire);
  return wire;
}
