import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { RequestError } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { machineCreateRequest } from "../../api/schemas.ts";
import { refuse } from "../errors.ts";
import type { Live } from "../live/live.ts";
import type { Catalogue } from "./catalogue.ts";
import type { HostFollower } from "./host-follower.ts";
import type { MachineBook } from "./machine-book.ts";
import { suggestMachineName } from "./machine-names.ts";
import type { Turns } from "./turns.ts";

export interface MachineActsOptions {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  readonly book: MachineBook;
  readonly turns: Turns;
  readonly follower: HostFollower;
  readonly live: Live;
}

/** What people do with machines. */
export class MachineActs {
  readonly #options: MachineActsOptions;

  constructor(options: MachineActsOptions) {
    this.#options = options;
  }

  /**
   * Writes a machine down as queued; a host is found for it afterwards.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`
   */
  async create(request: z.output<typeof machineCreateRequest>, ownerId: string): Promise<MachineRecord> {
    const { catalogue, live, follower } = this.#options;
    const { offers, hosts, silent } = await catalogue.lookUp(request.image);
    if (offers.length === 0 && hosts > silent) throw refuse("IMAGE_UNKNOWN");
    const image = offers[0]?.image;
    const record = await this.#add(request.name, {
      id: randomUUID(),
      image: request.image,
      ownerId,
      state: "queued",
      // 0: the host's default for the image, which no host has told yet.
      cpus: request.cpus ?? image?.cpus.default ?? 0,
      memoryMb: request.memoryMb ?? image?.memoryMb.default ?? 0,
    });
    live.machineChanged(record.id);
    follower.placeSoon();
    return record;
  }

  /** A stopped or failed machine again; one that no host has yet waits for one again. */
  start(id: string): Promise<MachineRecord> {
    const { book, follower } = this.#options;
    return this.#act(id, async (record) => {
      if (record.agentId !== null) return this.#ask("machine.start", record.agentId, record);
      if (record.state === "queued") return record;
      const queued = await book.change(id, { state: "queued", reason: null });
      follower.placeSoon();
      return queued;
    });
  }

  /** The power button, or with `force` the plug. One that waits for a host waits no longer. */
  stop(id: string, force: boolean): Promise<MachineRecord> {
    return this.#act(id, async (record) => {
      if (record.agentId !== null) return this.#ask("machine.stop", record.agentId, record, force);
      if (record.state !== "queued") return record;
      return this.#options.book.change(id, {
        state: "stopped",
        reason: "Stopped before a host had taken it.",
      });
    });
  }

  /** Deletes the machine on its host, and its record. @throws RequestError `HOST_OFFLINE` */
  async remove(id: string): Promise<void> {
    const { proxy, book, turns } = this.#options;
    await turns.run(id, async () => {
      const record = await this.#find(id);
      if (record.agentId !== null && (await this.#mayComeBack(record.agentId)))
        await proxy.requestHost(record.agentId, "machine.remove", { id }).catch((error: unknown) => {
          if (!(error instanceof RequestError && error.code === "MACHINE_UNKNOWN")) throw error;
        });
      await book.strike(record);
    });
  }

  async #add(
    name: string | undefined,
    machine: Omit<Parameters<Proxy["stores"]["machines"]["add"]>[0], "name">,
  ): Promise<MachineRecord> {
    const { machines } = this.#options.proxy.stores;
    if (name !== undefined) return machines.add({ ...machine, name });
    const taken = new Set((await machines.list()).map((record) => record.name));
    for (;;) {
      const suggestion = suggestMachineName(machine.image, taken);
      try {
        return await machines.add({ ...machine, name: suggestion });
      } catch (error) {
        if (!(error instanceof RequestError && error.code === "MACHINE_NAME_TAKEN")) throw error;
        taken.add(suggestion);
      }
    }
  }

  #act(id: string, act: (record: MachineRecord) => Promise<MachineRecord | null>): Promise<MachineRecord> {
    return this.#options.turns.run(id, async () => {
      const record = await act(await this.#find(id));
      if (record === null) throw refuse("MACHINE_UNKNOWN");
      return record;
    });
  }

  async #ask(
    method: "machine.start" | "machine.stop",
    hostId: string,
    { id }: MachineRecord,
    force = false,
  ): Promise<MachineRecord | null> {
    const { proxy, book } = this.#options;
    const status =
      method === "machine.start"
        ? await proxy.requestHost(hostId, method, { id })
        : await proxy.requestHost(hostId, method, { id, force });
    return book.keep(hostId, status);
  }

  /** A host that was revoked never comes back: its machines can be struck without it. */
  async #mayComeBack(hostId: string): Promise<boolean> {
    const host = await this.#options.proxy.stores.agents.find(hostId);
    return host !== null && host.revokedAt === null;
  }

  async #find(id: string): Promise<MachineRecord> {
    const record = await this.#options.proxy.stores.machines.find(id);
    if (record === null) throw refuse("MACHINE_UNKNOWN");
    return record;
  }
}
