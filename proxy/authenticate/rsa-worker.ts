import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ProtocolError, type RsaOperations, type RsaServerKey } from "../../protocol/index.ts";
import { networkKey } from "../model/connection-source.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { RsaJob, RsaJobResult } from "./rsa-worker-thread.ts";

/** A `.ts` file in the sources and a `.js` file in the build, as this file is. */
const WORKER_FILE = new URL(`./rsa-worker-thread${extname(import.meta.url)}`, import.meta.url);

interface WaitingJob {
  readonly job: RsaJob;
  resolve(result: Buffer): void;
  reject(error: Error): void;
}

/**
 * Does the RSA work of key agreements with viewers in a thread of its own: the viewer has not proven anything yet, and one step takes
 * milliseconds with a long key of the viewer's choice. One job at a time; networks take turns, and each may have only some
 * waiting. The thread starts with the first job and does not keep the process alive.
 */
export class RsaWorker {
  readonly #key: RsaServerKey;
  /** By network; the one whose turn it is comes first. */
  readonly #waiting = new Map<string, WaitingJob[]>();
  #worker: Worker | undefined;
  #running: WaitingJob | undefined;
  #count = 0;
  #closed = false;

  constructor(key: RsaServerKey) {
    this.#key = key;
  }

  /** For a viewer at this address. They reject with ViewerRefusal `SERVER_BUSY`. */
  operationsFor(address: string): RsaOperations {
    const network = networkKey(address);
    return {
      encrypt: ({ wire }, random) => this.#run(network, { kind: "encrypt", wire, random }),
      decrypt: (encrypted, length) => this.#run(network, { kind: "decrypt", encrypted, length }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(new ViewerRefusal("SERVER_STOPPING"));
    await worker?.terminate();
  }

  #run(network: string, job: RsaJob): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new ViewerRefusal("SERVER_STOPPING"));
    const own = this.#waiting.get(network) ?? [];
    if (own.length >= PROXY_LIMITS.rsaJobsPerNetwork || this.#count >= PROXY_LIMITS.rsaJobs) {
      return Promise.reject(new ViewerRefusal("SERVER_BUSY"));
    }
    return new Promise((resolve, reject) => {
      own.push({ job, resolve, reject });
      this.#waiting.set(network, own);
      this.#count += 1;
      this.#next();
    });
  }

  #next(): void {
    if (this.#running) return;
    const [first] = this.#waiting;
    if (!first) return;
    const [network, jobs] = first;
    this.#waiting.delete(network);
    const running = jobs.shift();
    if (jobs.length > 0) this.#waiting.set(network, jobs);
    if (!running) return;
    this.#count -= 1;
    this.#running = running;
    this.#worker ??= this.#open();
    this.#worker.postMessage(running.job);
  }

  #open(): Worker {
    const worker = new Worker(WORKER_FILE, { workerData: this.#key.privateKey });
    worker.unref();
    worker.on("message", (result: RsaJobResult) => {
      const running = this.#running;
      this.#running = undefined;
      if ("error" in result) running?.reject(new ProtocolError("RSA_AES_KEY", result.error));
      else running?.resolve(Buffer.from(result.result));
      this.#next();
    });
    worker.on("error", (error: Error) => {
      this.#worker = undefined;
      this.#failAll(error);
    });
    return worker;
  }

  #failAll(error: Error): void {
    const all = [...(this.#running ? [this.#running] : []), ...[...this.#waiting.values()].flat()];
    this.#running = undefined;
    this.#waiting.clear();
    this.#count = 0;
    for (const { reject } of all) reject(error);
  }
}
