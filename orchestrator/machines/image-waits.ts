import type { Logger } from "pino";
import { describeError, type KeyedQueue } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { isAwaitingImage } from "./awaiting-host.ts";
import type { MachineRepository } from "./machine-repository.ts";

interface ImageWaitsContext {
  readonly proxy: Proxy;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly events: OrchestratorEventEmitter;
  readonly log: Logger;
}

/** An image on its way to a host; `progress`: how much has arrived, 0 to 1. */
interface ImageProgress {
  readonly hostId: string;
  readonly imageId: string;
  readonly progress: number;
}

/** Machines that wait for an image on its way to a host. Their records show its progress. */
export class ImageWaits {
  readonly #context: ImageWaitsContext;
  readonly #waiting = new Map<string, string>();
  readonly #unsubscribe: () => void;

  constructor(context: ImageWaitsContext) {
    this.#context = context;
    this.#unsubscribe = context.events.on("image.progress", ({ hostId, imageId, fraction }) => {
      this.#reportProgress({ hostId, imageId, progress: fraction }).catch((error: unknown) => {
        context.log.warn(
          { event: "image.unshown", reason: describeError(error) },
          "progress could not be shown",
        );
      });
    });
  }

  has(machineId: string): boolean {
    return this.#waiting.has(machineId);
  }

  /** Must run in the machine's queue. */
  async begin(machineId: string, transfer: ImageProgress): Promise<void> {
    this.#waiting.set(machineId, keyOf(transfer));
    const { progress } = transfer;
    const change = { state: "preparing", reason: null, progress, tried: [] } as const;
    await this.#context.repository.update(machineId, change);
  }

  end(machineId: string): void {
    this.#waiting.delete(machineId);
  }

  close(): void {
    this.#unsubscribe();
  }

  /** A machine that was stopped or deleted meanwhile waits no longer. */
  async #reportProgress(transfer: ImageProgress): Promise<void> {
    const { proxy, repository, queue } = this.#context;
    for (const [machineId, key] of this.#waiting) {
      if (key !== keyOf(transfer)) continue;
      await queue.run(machineId, async () => {
        const record = await proxy.stores.machines.find(machineId);
        if (record === null || !isAwaitingImage(record)) this.end(machineId);
        else await repository.update(machineId, { progress: transfer.progress });
      });
    }
  }
}

function keyOf({ hostId, imageId }: ImageProgress): string {
  return `${hostId} ${imageId}`;
}
