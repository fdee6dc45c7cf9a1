import type { Proxy } from "../../proxy/index.ts";
import type { MachineRepository } from "./machine-repository.ts";
import type { KeyedQueue } from "../../protocol/index.ts";
import { isAwaitingImage } from "./awaiting-host.ts";

/** Which machines wait for which image on its way to a host; they show how far it is. */
export class ImageWaits {
  readonly #proxy: Proxy;
  readonly #repository: MachineRepository;
  readonly #queue: KeyedQueue;
  readonly #waiting = new Map<string, string>();

  constructor(proxy: Proxy, book: MachineRepository, turns: KeyedQueue) {
    this.#proxy = proxy;
    this.#repository = book;
    this.#queue = turns;
  }

  /** The caller holds the machine's turn. */
  async begin(machineId: string, hostId: string, imageId: string, progress: number): Promise<void> {
    this.#waiting.set(machineId, `${hostId} ${imageId}`);
    await this.#repository.update(machineId, { state: "preparing", reason: null, progress, tried: [] });
  }

  /** @returns whether it had waited */
  end(machineId: string): boolean {
    return this.#waiting.delete(machineId);
  }

  /** One that was stopped or deleted meanwhile waits no longer. */
  async reportProgress(hostId: string, imageId: string, progress: number): Promise<void> {
    for (const [machineId, journey] of this.#waiting) {
      if (journey !== `${hostId} ${imageId}`) continue;
      await this.#queue.run(machineId, async () => {
        const record = await this.#proxy.stores.machines.find(machineId);
        if (record === null || !isAwaitingImage(record)) this.end(machineId);
        else await this.#repository.update(machineId, { progress });
      });
    }
  }
}
