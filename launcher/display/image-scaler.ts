import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { measureLight, scaleDown } from "./pixel-scaling.ts";

export interface ScaledImage {
  /** At most as wide as was asked for. */
  readonly png: Buffer;
  /** See {@link measureLight}. */
  readonly nonBlackRatio: number;
}

interface Job {
  resolve(value: ScaledImage): void;
  reject(error: Error): void;
}

interface Answer {
  readonly id: number;
  readonly png?: Uint8Array;
  readonly light?: number;
  readonly error?: string;
}

/**
 * Decodes, measures and scales pictures in a worker, because a big screen costs 80 ms of computing. One worker serves
 * all machines; it starts with the first picture and keeps no process alive.
 */
export class ImageScaler {
  #worker: Worker | undefined;
  readonly #jobs = new Map<number, Job>();
  #nextId = 1;
  #closed = false;

  /** @param maxWidth pixels; wider pictures are scaled down */
  scale(png: Buffer, maxWidth: number): Promise<ScaledImage> {
    if (this.#closed) return Promise.reject(new Error("the darkroom is closed"));
    const worker = (this.#worker ??= this.#open());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject });
      worker.postMessage({ id, png, maxWidth });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fail(new Error("the darkroom was closed"));
    await worker?.terminate();
  }

  #open(): Worker {
    const worker = new Worker(workerProgram(), { eval: true });
    worker.unref();
    worker.on("message", (answer: Answer) => {
      const job = this.#jobs.get(answer.id);
      this.#jobs.delete(answer.id);
      if (answer.png === undefined) job?.reject(new Error(answer.error ?? "no picture"));
      else job?.resolve({ png: Buffer.from(answer.png), nonBlackRatio: answer.light ?? 0 });
    });
    worker.on("error", (error: Error) => {
      this.#worker = undefined;
      this.#fail(error);
    });
    return worker;
  }

  #fail(error: Error): void {
    for (const job of this.#jobs.values()) job.reject(error);
    this.#jobs.clear();
  }
}

/** The worker is made from text, so that it runs the same from sources and from the build. */
function workerProgram(): string {
  const pngjs = createRequire(import.meta.url).resolve("pngjs");
  return `"use strict";
    const { parentPort } = require("node:worker_threads");
    const { PNG } = require(${JSON.stringify(pngjs)});
    const scaleDown = ${scaleDown.toString()};
    const measureLight = ${measureLight.toString()};
    parentPort.on("message", ({ id, png, maxWidth }) => {
      try {
        const picture = PNG.sync.read(Buffer.from(png));
        const small = scaleDown(picture, maxWidth);
        const light = measureLight(small);
        const out = new PNG({ width: small.width, height: small.height });
        out.data = Buffer.from(small.data);
        parentPort.postMessage({ id, light, png: PNG.sync.write(out, { colorType: 2 }) });
      } catch (error) {
        parentPort.postMessage({ id, error: String(error) });
      }
    });`;
}
