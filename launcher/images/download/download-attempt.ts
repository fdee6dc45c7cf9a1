import { open, statfs } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { LaunchError } from "../../../protocol/index.ts";
import {
  deletePartialFile,
  rangeValidator,
  readPartialFile,
  readVersion,
  writePartialVersion,
  type ContentVersion,
  type PartialFile,
} from "./partial-file.ts";
import { httpGet } from "./http-request.ts";

/** Left free on the disk. */
const DOWNLOAD_RESERVE_BYTES = 256 * 1024 * 1024;

interface DownloadAttemptOptions {
  readonly url: URL;
  /** The partial file; kept for the next attempt after an interruption. */
  readonly part: string;
  readonly maxBytes: number;
  /** The version that exists here: the server is asked for a different one only. */
  readonly known: ContentVersion | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onBytes: (received: number, total: number | undefined) => void;
}

/** A broken connection, or a response that may differ at the next attempt. */
export class InterruptedDownload extends Error {}

/**
 * One attempt: resumes a partial file if the server still has the same content.
 * @returns null: the server has nothing newer than `known`
 * @throws InterruptedDownload; LaunchError `DOWNLOAD_REFUSED`, `DOWNLOAD_TOO_LARGE`, `DOWNLOAD_NO_SPACE` and those of
 *   {@link httpGet}
 */
export async function attemptDownload(options: DownloadAttemptOptions): Promise<ContentVersion | null> {
  const { url, part, known, environment, signal } = options;
  const before = await readPartialFile(part, url.href);
  const headers = {
    "accept-encoding": "identity",
    "user-agent": "postern",
    ...conditionalHeaders(before, known),
  };
  let response: IncomingMessage;
  try {
    response = await httpGet(url, { headers, environment, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LaunchError) throw error;
    throw new InterruptedDownload(error instanceof Error ? error.message : String(error), { cause: error });
  }
  try {
    return await take(response, before, options);
  } finally {
    response.destroy();
  }
}

function conditionalHeaders(
  before: PartialFile | null,
  known: ContentVersion | null,
): Record<string, string> {
  const validator = before === null ? null : rangeValidator(before.version);
  if (before !== null && validator !== null)
    return { range: `bytes=${before.received}-`, "if-range": validator };
  if (known?.etag !== undefined) return { "if-none-match": known.etag };
  return known?.lastModified === undefined ? {} : { "if-modified-since": known.lastModified };
}

async function take(
  response: IncomingMessage,
  before: PartialFile | null,
  options: DownloadAttemptOptions,
): Promise<ContentVersion | null> {
  const { url, part } = options;
  const status = response.statusCode ?? 0;
  if (status === 304) return null;
  if (status === 416) {
    // The partial file is as long as the content, or longer: the status does not tell which.
    await deletePartialFile(part);
    throw new InterruptedDownload("the server no longer has the rest");
  }
  if (status >= 500 || status === 408 || status === 429)
    throw new InterruptedDownload(`the server answered ${status}`);
  if (status !== 200 && status !== 206) {
    throw new LaunchError("DOWNLOAD_REFUSED", `${url.href}: the server answered ${status}.`);
  }
  const start = status === 206 ? checkRange(response, before) : { at: 0, total: readLength(response) };
  if (start === null) {
    await deletePartialFile(part);
    throw new InterruptedDownload("the server sent another piece than was asked for");
  }
  const { at, total } = start;
  // Reading begins at once: what a stream still holds is lost when its connection breaks before somebody reads.
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = chunks.next();
  first.catch(() => undefined);
  checkSize(total ?? 0, options);
  await checkSpace(part, (total ?? 0) - at);
  const version = readVersion(url.href, response.headers, total);
  // A partial response need not repeat the headers of the whole.
  const whole = status === 206 && before !== null ? before.version : version;
  await writePartialVersion(part, whole);
  const received = await write({ chunks, first }, { at, total }, options);
  if (total !== undefined && received !== total)
    throw new InterruptedDownload(`the connection ended after ${received} of ${total} bytes`);
  return { ...whole, bytes: received };
}

/** `bytes FROM-TO/TOTAL` has to continue the partial file, with the same total. */
function checkRange(
  response: IncomingMessage,
  before: PartialFile | null,
): { at: number; total: number } | null {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers["content-range"] ?? "") ?? [];
  if (before === null || from === undefined || Number(from) !== before.received) return null;
  const { bytes } = before.version;
  return bytes === undefined || bytes === Number(total)
    ? { at: before.received, total: Number(total) }
    : null;
}

function readLength(response: IncomingMessage): number | undefined {
  const length = response.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

function checkSize(bytes: number, { url, maxBytes }: DownloadAttemptOptions): void {
  if (bytes <= maxBytes) return;
  const text = `${url.href} is larger than ${Math.floor(maxBytes / 2 ** 20)} MiB. Allow more with --max-size.`;
  throw new LaunchError("DOWNLOAD_TOO_LARGE", text);
}

async function checkSpace(part: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part));
  if (bytes <= bavail * bsize - DOWNLOAD_RESERVE_BYTES) return;
  const text = `The disk has not the ${Math.ceil(bytes / 2 ** 20)} MiB that the download needs.`;
  throw new LaunchError("DOWNLOAD_NO_SPACE", text);
}

async function write(
  { chunks, first }: { chunks: AsyncIterator<Buffer>; first: Promise<IteratorResult<Buffer>> },
  { at, total }: { at: number; total: number | undefined },
  options: DownloadAttemptOptions,
): Promise<number> {
  const handle = await open(options.part, at === 0 ? "w" : "r+", 0o600);
  let received = at;
  try {
    for (let next = await first; next.done !== true; next = await chunks.next()) {
      const chunk = next.value;
      checkSize(received + chunk.length, options);
      await handle.write(chunk, 0, chunk.length, received);
      received += chunk.length;
      options.onBytes(received, total);
    }
    await handle.sync();
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof LaunchError) throw error;
    throw new InterruptedDownload(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    await handle.close();
  }
  return received;
}
