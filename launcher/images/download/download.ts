import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, rename } from "node:fs/promises";
import { LaunchError, type Clock } from "../../../protocol/index.ts";
import type { WorkProgress } from "../progress.ts";
import { deletePartialFile, type ContentVersion } from "./partial-file.ts";
import { InterruptedDownload, attemptDownload } from "./download-attempt.ts";

/** Successive attempts that may fail without receiving a byte. */
const DOWNLOAD_ATTEMPTS = 5;
const FIRST_RETRY_MS = 1000;

export interface DownloadOptions {
  readonly url: string;
  /** The partial file. */
  readonly part: string;
  /** The finished file's path; it exists only when it is complete and checked. */
  readonly place: (sha256: string) => string;
  /** Lower-case hex; null: not specified. */
  readonly sha256: string | null;
  readonly maxBytes: number;
  readonly known: ContentVersion | null;
  /** Checks the complete file before it gets its name. @throws the fault */
  readonly check: (file: string) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WorkProgress) => void;
}

interface Downloaded {
  readonly version: ContentVersion;
  readonly sha256: string;
  readonly file: string;
}

/**
 * Downloads a file. An interrupted attempt is resumed, by this call and by the next.
 * @returns null: the server has nothing newer than `known`
 * @throws LaunchError `DOWNLOAD_BROKEN`, `DOWNLOAD_CHECKSUM`, and those of {@link attemptDownload}
 */
export async function download(options: DownloadOptions): Promise<Downloaded | null> {
  const { part } = options;
  const version = await receive(options);
  if (version === null) return null;
  try {
    const sha256 = await digest(part, version.bytes ?? 0, options);
    if (options.sha256 !== null && options.sha256 !== sha256) {
      const text = `${options.url} is not what it should be: its SHA-256 is ${sha256}, expected was ${options.sha256}.`;
      throw new LaunchError("DOWNLOAD_CHECKSUM", text);
    }
    await options.check(part);
    await chmod(part, 0o400);
    const file = options.place(sha256);
    await rename(part, file);
    return { version, sha256, file };
  } finally {
    if (!options.signal.aborted) await deletePartialFile(part);
  }
}

async function receive(options: DownloadOptions): Promise<ContentVersion | null> {
  const { part } = options;
  const url = new URL(options.url);
  let failures = 0;
  let most = 0;
  for (;;) {
    try {
      return await attemptDownload({
        url,
        part,
        maxBytes: options.maxBytes,
        known: options.known,
        environment: options.environment,
        signal: options.signal,
        onBytes: (received, total) => {
          if (received > most) failures = 0;
          most = Math.max(most, received);
          options.onProgress(describeReceived(received, total));
        },
      });
    } catch (error) {
      if (!(error instanceof InterruptedDownload)) {
        if (error instanceof LaunchError) await deletePartialFile(part);
        throw error;
      }
      failures += 1;
      if (failures >= DOWNLOAD_ATTEMPTS) {
        const text = `${url.href}: ${error.message}. What has come so far is kept for the next attempt.`;
        throw new LaunchError("DOWNLOAD_BROKEN", text, { cause: error });
      }
      options.onProgress({ title: "Download", note: `${error.message}; trying again` });
      await pause(FIRST_RETRY_MS * 2 ** (failures - 1), options);
    }
  }
}

function describeReceived(received: number, total: number | undefined): WorkProgress {
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  if (total === undefined) return { title: "Download", note: `${mib(received)} MiB` };
  return {
    title: "Download",
    fraction: total === 0 ? 1 : received / total,
    note: `${mib(received)} of ${mib(total)} MiB`,
  };
}

function pause(ms: number, { clock, signal }: DownloadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function digest(file: string, total: number, { signal, onProgress }: DownloadOptions): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  for await (const chunk of createReadStream(file, {
    signal,
    highWaterMark: 1024 * 1024,
  }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    done += chunk.length;
    if (total > 0) onProgress({ title: "Check", fraction: done / total });
  }
  return hash.digest("hex");
}
