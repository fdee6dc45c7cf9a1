import type { Proxy } from "../../../proxy/index.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Turns } from "./turns.ts";
import { isFetching } from "./waiting.ts";

/** Which machines wait for which image on its way to a host; they show how far it is. */
export class ImageWaits {
  readonly #proxy: Proxy;
  readonly #book: MachineBook;
  readonly #turns: Turns;
  readonly #waiting = new Map<string, string>();

  constructor(proxy: Proxy, book: MachineBook, turns: Turns) {
    this.#proxy = proxy;
    this.#book = book;
    this.#turns = turns;
  }

  /** The caller holds the machine's turn. */
  async begin(machineId: string, hostId: string, imageId: string, progress: number): Promise<void> {
    this.#waiting.set(machineId, `${hostId} ${imageId}`);
    await this.#book.change(machineId, { state: "preparing", reason: null, progress, tried: [] });
  }

  /** @returns whether it had waited */
  end(machineId: string): boolean {
    return this.#waiting.delete(machineId);
  }

  /** One that was stopped or deleted meanwhile waits no longer. */
  async show(hostId: string, imageId: string, progress: number): Promise<void> {
    for (const [machineId, journey] of this.#waiting) {
      if (journey !== `${hostId} ${imageId}`) continue;
      await this.#turns.run(machineId, async () => {
        const record = await this.#proxy.stores.machines.find(machineId);
        if (record === null || !isFetching(record)) this.end(machineId);
        else await this.#book.change(machineId, { progress });
      });
    }
  }
}
