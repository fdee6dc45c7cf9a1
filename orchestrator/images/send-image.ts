import { open, type FileHandle } from "node:fs/promises";
import { IMAGE_PIECE_BYTES, isPosternError, RequestError, type Clock } from "../../protocol/index.ts";
import type { RequestHost } from "../hosts/host-access.ts";
import type { ImageContent } from "./server-images.ts";

/** How often a host is asked whether it has checked the whole image, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** How often an image that arrived damaged is sent. */
const MAX_TRIES = 3;
/** Pieces in flight at once to a host with short round trips. */
const MAX_WINDOW = 8;
/** A piece that takes longer leaves too little bandwidth for viewers on the same connection. */
const SLOW_MS = 250;

interface SendImageOptions {
  readonly request: RequestHost;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * Brings an image to a host, or resumes that: the host says how much it has. May be called again after any failure.
 * @throws RequestError `IMAGE_CHANGED`, `IMAGE_STUCK`, and what the host refuses with
 */
export async function sendImage(
  host: string,
  content: ImageContent,
  options: SendImageOptions,
): Promise<void> {
  const { request, clock, signal, onProgress } = options;
  const { image, bytes, sha256 } = content;
  let lastBytes = -1;
  for (let tries = 1; ;) {
    signal.throwIfAborted();
    const copy = await request(host, "image.import", { image, bytes, sha256 });
    if (copy.state === "here") return;
    if (copy.bytes < bytes) {
      // A host that accepts pieces and stores none would keep the loop running forever.
      if (copy.bytes === lastBytes) throw stuckError(image.id);
      lastBytes = copy.bytes;
      onProgress(copy.bytes / bytes);
      await sendRest(host, content, copy.bytes, options);
      continue;
    }
    try {
      while ((await request(host, "image.check", { id: image.id, sha256 })).state !== "here") {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => void clock.after(ASK_AGAIN_MS, resolve));
      }
      return;
    } catch (error) {
      if (!isPosternError(error) || error.code !== "IMAGE_DAMAGED" || tries >= MAX_TRIES) throw error;
      tries += 1;
      lastBytes = -1;
    }
  }
}

interface SentPiece {
  readonly end: number;
  readonly begun: number;
  readonly answer: Promise<{ readonly bytes: number }>;
}

/** Several pieces are in flight at once, the more the faster they arrive. */
async function sendRest(
  host: string,
  content: ImageContent,
  begin: number,
  options: SendImageOptions,
): Promise<void> {
  const { request, clock, signal, onProgress } = options;
  const { image, sha256, bytes } = content;
  const handle = await open(content.file, "r");
  const inFlight: SentPiece[] = [];
  let next = begin;
  let window = 1;
  try {
    for (;;) {
      while (inFlight.length < window && next < bytes) {
        signal.throwIfAborted();
        const data = await readPiece(handle, next, Math.min(IMAGE_PIECE_BYTES, bytes - next), image.id);
        const piece = { id: image.id, sha256, offset: next, data: data.toString("base64") };
        next += data.length;
        const answer = request(host, "image.write", piece);
        // The first failure is thrown where this answer is awaited; those behind it have the same cause.
        answer.catch(() => undefined);
        inFlight.push({ end: next, begun: clock.monotonic(), answer });
      }
      const first = inFlight.shift();
      if (first === undefined) return;
      // Something was lost, or arrived twice: the host says where to resume.
      if ((await first.answer).bytes !== first.end) return;
      window =
        clock.monotonic() - first.begun > SLOW_MS
          ? Math.max(1, window - 1)
          : Math.min(MAX_WINDOW, window + 1);
      onProgress(first.end / bytes);
    }
  } finally {
    await Promise.allSettled(inFlight.map(({ answer }) => answer));
    await handle.close();
  }
}

/** @throws RequestError `IMAGE_CHANGED` */
async function readPiece(handle: FileHandle, offset: number, length: number, id: string): Promise<Buffer> {
  const piece = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(piece, filled, length - filled, offset + filled);
    if (bytesRead === 0) {
      const text = `The image "${id}" became another one on the server while it was sent.`;
      throw RequestError.public("IMAGE_CHANGED", text);
    }
    filled += bytesRead;
  }
  return piece;
}

function stuckError(id: string): RequestError {
  const text = `The host does not keep what it is sent of the image "${id}".`;
  return RequestError.public("IMAGE_STUCK", text);
}
