import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { describeError, LaunchError, type Clock } from "../../protocol/index.ts";
import type { GpuAssignment, GpuKind } from "./assignment.ts";
import { chooseMdev, chooseUnit, listGpuFacts, type GpuFact } from "./choose.ts";
import { takeInventory, type Inventory } from "./inventory.ts";
import { Ledger } from "./ledger.ts";
import { readPciNames, type PciNames } from "./pci-names.ts";
import type { GpuPolicy } from "./policy.ts";
import type { Taking } from "./record.ts";
import type { Owner, SysTree } from "./sys-tree.ts";
import { carryOut, findNodes, planMdev, planUnit, toAssignment, undo } from "./taking.ts";

export interface GpuRoomOptions {
  readonly tree: SysTree;
  readonly policy: GpuPolicy;
  /** Where it is written down what was taken from whom. */
  readonly recordFile: string;
  /** The account that QEMU runs as; null: this process's own. */
  readonly account: Owner | null;
  readonly log: Logger;
  readonly clock: Clock;
  /** Another list of names than pci.ids's own. */
  readonly pciIds?: string;
}

/** A driver that is in use does not let go, and the kernel then waits for ever. */
const KERNEL_PATIENCE_MS = 20_000;

/**
 * The host's GPUs, given to one machine at a time. What is taken stays taken until `release`, also over the end of this
 * process: call `settle` once at the start.
 */
export class GpuRoom {
  readonly #options: GpuRoomOptions;
  readonly #ledger: Ledger;
  #turn: Promise<unknown> = Promise.resolve();
  #names: Promise<PciNames> | undefined;

  /** @throws LaunchError `GPU_RECORD` */
  constructor(options: GpuRoomOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options.recordFile);
  }

  /** What hosts tell about their GPUs. */
  async facts(): Promise<GpuFact[]> {
    return listGpuFacts(await this.#look(), this.#options.policy, this.#ledger.takings);
  }

  /** @throws LaunchError `HOST_GPU` when `reserve` would find none free now */
  async checkFree(kind: GpuKind): Promise<void> {
    await this.#plan(kind, "");
  }

  /** After a start: what belongs to machines that no longer run goes back to the host. Never rejects. */
  settle(running: ReadonlySet<string>): Promise<void> {
    return this.#inTurn(async () => {
      for (const taking of this.#ledger.takings)
        if (taking.owed || !running.has(taking.machine)) await this.#giveBack(taking);
    });
  }

  /**
   * Takes a GPU for a machine, or says again what the machine has already.
   * @throws LaunchError `HOST_GPU` (none is free), `GPU_BIND` (the kernel or the GPU's driver refuses)
   */
  reserve(kind: GpuKind, machine: string): Promise<GpuAssignment> {
    return this.#inTurn(async () => {
      const has = this.#ledger.of(machine);
      if (has !== undefined) return toAssignment(has);
      for (const taking of this.#ledger.takings) if (taking.owed) await this.#giveBack(taking);
      const { taking, mdevType } = await this.#plan(kind, machine);
      this.#ledger.add(taking);
      return this.#take(taking, mdevType);
    });
  }

  /** Gives back what a machine had, after its QEMU has ended. May be called twice. Never rejects. */
  release(machine: string): Promise<void> {
    return this.#inTurn(async () => {
      const has = this.#ledger.of(machine);
      if (has !== undefined) await this.#giveBack(has);
    });
  }

  async #plan(kind: GpuKind, machine: string): Promise<{ taking: Taking; mdevType: string | null }> {
    const { policy } = this.#options;
    const inventory = await this.#look();
    if (kind === "mdev") {
      const offer = chooseMdev(inventory, policy, this.#ledger.takings);
      if (offer !== null) return { taking: planMdev(machine, offer, randomUUID()), mdevType: offer.type.id };
    } else {
      const unit = chooseUnit(inventory, policy, this.#ledger.takings);
      if (unit !== null) return { taking: planUnit(machine, unit), mdevType: null };
    }
    const some = listGpuFacts(inventory, policy, this.#ledger.takings).some(({ mode }) => mode === kind);
    const what = kind === "mdev" ? "part of a GPU" : "GPU";
    const text = some
      ? `gpu: every ${what} of this host is in use.`
      : `gpu: this host has no ${what} to give. \`postern doctor\` on the host says why.`;
    throw new LaunchError("HOST_GPU", text, { safeMessage: text });
  }

  async #take(taking: Taking, mdevType: string | null): Promise<GpuAssignment> {
    const { tree, account, log } = this.#options;
    try {
      await this.#patiently(carryOut(tree, taking, mdevType));
      if (account !== null) await this.#hand(taking, account);
    } catch (cause) {
      const text = `a GPU could not be taken: ${describeError(cause)}`;
      log.warn({ event: "gpu.refused", machine: taking.machine, err: cause }, "a GPU could not be taken");
      await this.#giveBack(this.#ledger.of(taking.machine) ?? taking);
      throw new LaunchError("GPU_BIND", text, {
        cause,
        safeMessage:
          "The host could not take its GPU for the machine. `postern doctor` on the host says why.",
      });
    }
    const { machine, devices, mdevs } = taking;
    log.info({ event: "gpu.taken", machine, devices, mdevs }, "a GPU belongs to a machine");
    return toAssignment(taking);
  }

  /** Lets the machines' account open the nodes; their owners are on disk before that. */
  async #hand(taking: Taking, account: Owner): Promise<void> {
    const { tree } = this.#options;
    const found = await Promise.all(
      (await findNodes(tree, taking)).map(async (path) => ({ path, owner: await tree.ownerOf(path) })),
    );
    const nodes = found.flatMap(({ path, owner }) => (owner === null ? [] : [{ path, ...owner }]));
    this.#ledger.replace(taking, { ...taking, nodes });
    for (const { path } of nodes) await tree.give(path, account);
  }

  async #giveBack(taking: Taking): Promise<void> {
    const { tree, log } = this.#options;
    const { machine, devices, mdevs } = taking;
    try {
      await this.#patiently(undo(tree, taking));
      this.#ledger.remove(taking);
      log.info({ event: "gpu.given_back", machine, devices, mdevs }, "a GPU is the host's again");
    } catch (error) {
      if (!taking.owed) this.#ledger.replace(taking, { ...taking, owed: true });
      log.warn(
        { event: "gpu.owed", machine, devices, mdevs, err: error },
        "a GPU could not be given back yet",
      );
    }
  }

  /** @throws Error when the kernel does not answer; it may still do so later */
  #patiently<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(KERNEL_PATIENCE_MS, () => {
        reject(new Error("the driver does not let go of the GPU: a program uses it"));
      });
      work.finally(cancel).then(resolve, reject);
    });
  }

  #look(): Promise<Inventory> {
    const { tree, pciIds } = this.#options;
    return takeInventory(tree, (devices) => (this.#names ??= readPciNames(devices, pciIds)));
  }

  /** One after the other: two machines cannot both find the same GPU free. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
