import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ScreenRatios, ScreenshotJob, ScreenshotJobResult } from "./screenshot-worker-thread.ts";

export interface ScaledImage extends ScreenRatios {
  /** At most as wide as was asked for. */
  readonly png: Buffer;
}

interface PendingJob {
  resolve(value: ScaledImage): void;
  reject(error: Error): void;
}

/** A `.ts` file in the sources and a `.js` file in the build, as this file is. */
const WORKER_FILE = new URL(`./screenshot-worker-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * Decodes, measures and scales screenshots in a worker thread, because a large screen takes 80 ms of computing. One
 * worker serves all machines; it starts with the first image and does not keep the process alive.
 */
export class ScreenshotWorker {
  #worker: Worker | undefined;
  readonly #pending = new Map<number, PendingJob>();
  #nextId = 1;
  #closed = false;

  /** @param maxWidth pixels; wider images are scaled down */
  scale(png: Buffer, maxWidth: number): Promise<ScaledImage> {
    if (this.#closed) return Promise.reject(new Error("the screenshot worker is closed"));
    const worker = (this.#worker ??= this.#open());
    const job: ScreenshotJob = { id: this.#nextId++, png, maxWidth };
    return new Promise((resolve, reject) => {
      this.#pending.set(job.id, { resolve, reject });
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fail(new Error("the screenshot worker was closed"));
    await worker?.terminate();
  }

  #open(): Worker {
    const worker = new Worker(WORKER_FILE);
    worker.unref();
    worker.on("message", (result: ScreenshotJobResult) => {
      const job = this.#pending.get(result.id);
      this.#pending.delete(result.id);
      if ("error" in result) {
        job?.reject(new Error(result.error));
        return;
      }
      const { png, nonBlackRatio, litRatio } = result;
      job?.resolve({ png: Buffer.from(png), nonBlackRatio, litRatio });
    });
    worker.on("error", (error: Error) => {
      this.#worker = undefined;
      this.#fail(error);
    });
    return worker;
  }

  #fail(error: Error): void {
    for (const job of this.#pending.values()) job.reject(error);
    this.#pending.clear();
  }
}
