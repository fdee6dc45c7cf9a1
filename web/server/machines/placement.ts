import type { Logger } from "pino";
import { describeError, isPosternError } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import { describeForCaller } from "../errors.ts";
import type { Catalogue, Lookup } from "./catalogue.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Turns } from "./turns.ts";

/** Codes of hosts that could not say what they think of it. */
const UNREACHABLE = new Set(["HOST_OFFLINE", "HOST_TIMEOUT", "HOST_BUSY"]);

export interface PlacementOptions {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  readonly book: MachineBook;
  readonly turns: Turns;
  readonly log: Logger;
}

/** Whether a host refused for good, or could not be asked and may be tried again. */
interface Refusal {
  readonly final: boolean;
  readonly reason: string;
}

/** Finds a host for each machine that waits for one. */
export class Placement {
  readonly #options: PlacementOptions;

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /** Tries every machine that waits; says whether some still do. */
  async placeAll(): Promise<boolean> {
    const { machines } = this.#options.proxy.stores;
    const waiting = (await machines.list()).filter(isWaiting);
    for (const record of waiting.sort((a, b) => a.createdAt - b.createdAt)) await this.place(record.id);
    return (await machines.list()).some(isWaiting);
  }

  /** Asks one host after the other to make the machine. It stays queued, with a reason, while none can be asked. */
  async place(id: string): Promise<void> {
    const { proxy, turns, book } = this.#options;
    await turns.run(id, async () => {
      const record = await proxy.stores.machines.find(id);
      if (record === null || !isWaiting(record)) return;
      const lookup = await this.#options.catalogue.lookUp(record.image);
      const offers = lookup.offers.filter(({ image }) => image.available);
      if (offers.length === 0) {
        await this.#wait(record, explainWaiting(record, lookup));
        return;
      }
      const refusals: Refusal[] = [];
      for (const hostId of await this.#order(offers.map((offer) => offer.hostId))) {
        const refusal = await this.#ask(hostId, record);
        if (refusal === null) return;
        refusals.push(refusal);
      }
      const last = refusals.findLast((refusal) => refusal.final) ?? refusals.at(-1);
      const reason = last?.reason ?? null;
      const state = refusals.every((refusal) => refusal.final) ? "failed" : "queued";
      await book.change(id, { agentId: null, state, reason });
    });
  }

  /** The emptiest host first. */
  async #order(hostIds: readonly string[]): Promise<string[]> {
    const load = new Map<string, number>();
    for (const { agentId, state } of await this.#options.proxy.stores.machines.list())
      if (agentId !== null && state !== "stopped" && state !== "failed")
        load.set(agentId, (load.get(agentId) ?? 0) + 1);
    return [...hostIds].sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
  }

  /** The host is written down before it is asked: an answer that is lost is then found when it comes back. */
  async #ask(hostId: string, record: MachineRecord): Promise<Refusal | null> {
    const { proxy, book, log } = this.#options;
    const about = { machineId: record.id, agentId: hostId };
    await proxy.stores.machines.update(record.id, { agentId: hostId });
    try {
      const status = await proxy.requestHost(hostId, "machine.create", {
        id: record.id,
        name: record.name,
        image: record.image,
        ...(record.cpus > 0 && { cpus: record.cpus }),
        ...(record.memoryMb > 0 && { memoryMb: record.memoryMb }),
      });
      await book.keep(hostId, status);
      log.info({ event: "machine.placed", ...about }, "a host took a machine");
      return null;
    } catch (error) {
      log.warn(
        { event: "machine.refused", ...about, reason: describeError(error) },
        "a host did not take a machine",
      );
      await proxy.stores.machines.update(record.id, { agentId: null });
      return describeRefusal(error);
    }
  }

  async #wait(record: MachineRecord, reason: string): Promise<void> {
    if (record.reason !== reason) await this.#options.book.change(record.id, { reason });
  }
}

function isWaiting(record: MachineRecord): boolean {
  return record.state === "queued" && record.agentId === null;
}

function explainWaiting(record: MachineRecord, { offers, hosts, silent }: Lookup): string {
  if (hosts === 0) return "No host is connected. The machine starts as soon as one is.";
  const missing = offers.find(({ image }) => image.reason !== undefined)?.image.reason;
  if (missing !== undefined) return missing;
  if (silent > 0) return "A host did not answer. It is asked again shortly.";
  return `No connected host offers ${record.image}. The machine starts as soon as one does.`;
}

function describeRefusal(error: unknown): Refusal {
  const unreachable = isPosternError(error) && UNREACHABLE.has(error.code);
  if (unreachable) return { final: false, reason: "A host did not answer. It is asked again shortly." };
  return { final: true, reason: describeForCaller(error).body.error.message };
}
