import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { describeError, KeyedQueue, LaunchError, type Clock } from "../../protocol/index.ts";
import { chooseMdev, chooseUnit, listGpuFacts, type GpuFact } from "./choose-gpu.ts";
import { readGpuInventory, type GpuInventory } from "./gpu-inventory.ts";
import {
  GpuAllocationTable,
  type GpuAssignment,
  type GpuKind,
  type GpuAllocation,
} from "./gpu-allocation-table.ts";
import { readPciNames, type PciNames } from "./pci-names.ts";
import type { GpuPolicy } from "./gpu-policy.ts";
import type { FileOwner, SysTree } from "../system/sys-tree.ts";
import {
  applyAllocation,
  findVfioNodes,
  planMdev,
  planUnit,
  toAssignment,
  revertAllocation,
} from "./gpu-allocation.ts";

interface GpuAllocatorOptions {
  readonly tree: SysTree;
  readonly policy: GpuPolicy;
  /** The file of the allocation table. */
  readonly recordFile: string;
  /** The account that QEMU runs as; null: this process's own. */
  readonly account: FileOwner | null;
  readonly log: Logger;
  readonly clock: Clock;
  /** Another file than the default pci.ids. */
  readonly pciIds?: string;
}

/** A driver in use does not release its device, and the kernel waits without limit. */
const KERNEL_TIMEOUT_MS = 20_000;

/**
 * The host's GPUs, each assigned to one machine at a time. An allocation lasts until `release`, also across restarts of
 * this process: call `releaseOrphans` once at the start.
 */
export class GpuAllocator {
  readonly #options: GpuAllocatorOptions;
  readonly #table: GpuAllocationTable;
  readonly #queue = new KeyedQueue();
  #names: Promise<PciNames> | undefined;

  constructor(options: GpuAllocatorOptions) {
    this.#options = options;
    this.#table = new GpuAllocationTable(options.recordFile);
    // The host's other machines need their launcher all the same.
    if (!this.#table.isReadable)
      options.log.error(
        { event: "gpu.record-damaged", file: options.recordFile },
        "the record of GPUs is damaged: no GPU is given to machines",
      );
  }

  /** The GPUs as the host reports them. */
  async facts(): Promise<GpuFact[]> {
    const facts = listGpuFacts(await this.#readInventory(), this.#options.policy, this.#table.allocations);
    return this.#table.isReadable ? facts : facts.map((fact) => ({ ...fact, free: false }));
  }

  /** @throws LaunchError `GPU_RECORD`, `HOST_GPU` when `reserve` would find none free now */
  async checkFree(kind: GpuKind): Promise<void> {
    await this.#plan(kind, "");
  }

  /** After a start: GPUs of machines that no longer run return to the host. Never rejects. */
  releaseOrphans(running: ReadonlySet<string>): Promise<void> {
    return this.#runSerially(async () => {
      for (const allocation of this.#table.allocations)
        if (allocation.owed || !running.has(allocation.machine)) await this.#revert(allocation);
    });
  }

  /**
   * Allocates a GPU to a machine, or returns the allocation that the machine has already.
   * @throws LaunchError `GPU_RECORD`, `HOST_GPU` (none is free), `GPU_BIND` (the kernel or the GPU's driver refuses)
   */
  reserve(kind: GpuKind, machine: string): Promise<GpuAssignment> {
    return this.#runSerially(async () => {
      const has = this.#table.findByMachine(machine);
      if (has !== undefined) return toAssignment(has);
      for (const allocation of this.#table.allocations) if (allocation.owed) await this.#revert(allocation);
      const { allocation, mdevType } = await this.#plan(kind, machine);
      this.#table.add(allocation);
      return this.#apply(allocation, mdevType);
    });
  }

  /** Returns a machine's GPU to the host, after its QEMU has ended. Idempotent. Never rejects. */
  release(machine: string): Promise<void> {
    return this.#runSerially(async () => {
      const has = this.#table.findByMachine(machine);
      if (has !== undefined) await this.#revert(has);
    });
  }

  async #plan(
    kind: GpuKind,
    machine: string,
  ): Promise<{ allocation: GpuAllocation; mdevType: string | null }> {
    this.#table.checkReadable();
    const { policy } = this.#options;
    const inventory = await this.#readInventory();
    if (kind === "mdev") {
      const offer = chooseMdev(inventory, policy, this.#table.allocations);
      if (offer !== null)
        return { allocation: planMdev(machine, offer, randomUUID()), mdevType: offer.type.id };
    } else {
      const unit = chooseUnit(inventory, policy, this.#table.allocations);
      if (unit !== null) return { allocation: planUnit(machine, unit), mdevType: null };
    }
    const some = listGpuFacts(inventory, policy, this.#table.allocations).some(({ mode }) => mode === kind);
    const what = kind === "mdev" ? "part of a GPU" : "GPU";
    const text = some
      ? `gpu: every ${what} of this host is in use.`
      : `gpu: this host has no ${what} to give. \`postern doctor\` on the host says why.`;
    throw LaunchError.public("HOST_GPU", text);
  }

  async #apply(allocation: GpuAllocation, mdevType: string | null): Promise<GpuAssignment> {
    const { tree, account, log } = this.#options;
    try {
      await this.#withTimeout(applyAllocation(tree, allocation, mdevType));
      if (account !== null) await this.#grantNodes(allocation, account);
    } catch (cause) {
      const text = `a GPU could not be taken: ${describeError(cause)}`;
      log.warn({ event: "gpu.refused", machine: allocation.machine, err: cause }, "a GPU could not be taken");
      await this.#revert(this.#table.findByMachine(allocation.machine) ?? allocation);
      throw new LaunchError("GPU_BIND", text, {
        cause,
        safeMessage:
          "The host could not take its GPU for the machine. `postern doctor` on the host says why.",
      });
    }
    const { machine, devices, mdevs } = allocation;
    log.info({ event: "gpu.taken", machine, devices, mdevs }, "a GPU belongs to a machine");
    return toAssignment(allocation);
  }

  /** Gives the nodes to the machines' account; their former owners are on disk before that. */
  async #grantNodes(allocation: GpuAllocation, account: FileOwner): Promise<void> {
    const { tree } = this.#options;
    const found = await Promise.all(
      (await findVfioNodes(tree, allocation)).map(async (path) => ({
        path,
        owner: await tree.ownerOf(path),
      })),
    );
    const nodes = found.flatMap(({ path, owner }) => (owner === null ? [] : [{ path, ...owner }]));
    this.#table.replace(allocation, { ...allocation, nodes });
    for (const { path } of nodes) await tree.changeOwner(path, account);
  }

  async #revert(allocation: GpuAllocation): Promise<void> {
    const { tree, log } = this.#options;
    const { machine, devices, mdevs } = allocation;
    try {
      await this.#withTimeout(revertAllocation(tree, allocation));
      this.#table.remove(allocation);
      log.info({ event: "gpu.given_back", machine, devices, mdevs }, "a GPU is the host's again");
    } catch (error) {
      if (!allocation.owed) this.#table.replace(allocation, { ...allocation, owed: true });
      log.warn(
        { event: "gpu.owed", machine, devices, mdevs, err: error },
        "a GPU could not be given back yet",
      );
    }
  }

  /** @throws Error when the kernel does not respond; it may still do so later */
  #withTimeout<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(KERNEL_TIMEOUT_MS, () => {
        reject(new Error("the driver does not let go of the GPU: a program uses it"));
      });
      work.finally(cancel).then(resolve, reject);
    });
  }

  #readInventory(): Promise<GpuInventory> {
    const { tree, pciIds } = this.#options;
    return readGpuInventory(tree, (devices) => (this.#names ??= readPciNames(devices, pciIds)));
  }

  /** Serial: two machines cannot both find the same GPU free. */
  #runSerially<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run("gpus", work);
  }
}
