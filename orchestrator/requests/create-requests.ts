import { randomUUID } from "node:crypto";
import {
  RequestError,
  sharesDesktopNames,
  type ImageSummary,
  type MachineCreateRequest,
  KeyedQueue,
} from "../../protocol/index.ts";
import {
  machineOptions,
  type AccountRole,
  type MachineRecord,
  type NewMachine,
  type Proxy,
} from "../../proxy/index.ts";
import { refuse } from "../errors.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import {
  checkCreateRequest,
  checkRunQuota,
  type ResolvedCreateRequest,
  type CreateRejection,
} from "../quota/check-create-request.ts";
import { quotaOf, type Quota, type QuotaTable } from "../quota/quota.ts";
import { countUsage, type Usage } from "../quota/usage.ts";
import { suggestMachineName } from "./suggest-machine-name.ts";

/** Who asks for a machine. */
export interface RequestingUser {
  readonly userId: string;
  readonly name: string;
  readonly role: AccountRole;
}

export interface QuotaStatus {
  readonly quota: Quota;
  readonly usage: Usage;
}

/** Takes orders, as far as the one who orders may have it. */
export class CreateRequests {
  readonly #proxy: Proxy;
  readonly #catalogue: MergedCatalogue;
  readonly #table: QuotaTable;
  /** One person's orders are counted one after the other. */
  readonly #queue = new KeyedQueue();

  constructor(proxy: Proxy, catalogue: MergedCatalogue, table: QuotaTable) {
    this.#proxy = proxy;
    this.#catalogue = catalogue;
    this.#table = table;
  }

  async readQuotaStatus(who: RequestingUser): Promise<QuotaStatus> {
    return { quota: quotaOf(this.#table, who), usage: await this.#countUsage(who.userId) };
  }

  /**
   * Writes a machine down as queued.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`, and those of {@link checkCreateRequest}
   */
  async accept(request: MachineCreateRequest, who: RequestingUser): Promise<MachineRecord> {
    const { offers, hosts, unanswered: silent } = await this.#catalogue.lookUp(request.image);
    if (offers.length === 0 && hosts > silent) throw refuse("IMAGE_UNKNOWN");
    const image = (offers.find((offer) => offer.image.available) ?? offers[0])?.image ?? null;
    const limits = quotaOf(this.#table, who);
    const order = resolveCreateRequest(request, image, limits);
    return this.#queue.run(who.userId, async () => {
      const check = (usage: Usage): CreateRejection | null =>
        checkCreateRequest(order, who, usage, image, limits);
      throwIfRejected(check(await this.#countUsage(who.userId)));
      const record = await this.#add(request.name, {
        id: randomUUID(),
        image: order.image,
        ownerId: who.userId,
        state: "queued",
        cpus: order.cpus,
        memoryMb: order.memoryMb,
        wish: order.wish,
        oneShot: order.oneShot,
        lifetimeMs: order.lifetimeSeconds === null ? null : order.lifetimeSeconds * 1000,
      });
      // Another server may have taken an order of the same person meanwhile: together they must not be too much.
      const refusal = check(await this.#countUsage(who.userId, record.id));
      if (refusal !== null) await this.#proxy.stores.machines.remove(record.id);
      throwIfRejected(refusal);
      return record;
    });
  }

  /** Lets `start` happen if the machine may run beside what its owner has. */
  runWithinQuota<T>(record: MachineRecord, start: () => Promise<T>): Promise<T> {
    return this.#queue.run(record.ownerId, async () => {
      const owner = await this.#proxy.stores.users.find(record.ownerId);
      if (owner !== null) {
        const usage = await this.#countUsage(record.ownerId, record.id);
        throwIfRejected(checkRunQuota(record, usage, quotaOf(this.#table, owner)));
      }
      return start();
    });
  }

  async #countUsage(ownerId: string, except?: string): Promise<Usage> {
    return countUsage(await this.#proxy.stores.machines.list(), ownerId, except);
  }

  async #add(name: string | undefined, machine: Omit<NewMachine, "name">): Promise<MachineRecord> {
    const { machines } = this.#proxy.stores;
    const monitors = machine.wish?.monitors ?? 1;
    const others = (await machines.list()).map((other) => ({
      name: other.name,
      monitors: other.wish.monitors,
    }));
    const isTaken = (wanted: string): boolean =>
      others.some((other) => sharesDesktopNames(other, { name: wanted, monitors }));
    if (name !== undefined) {
      if (isTaken(name)) throw refuse("MACHINE_NAME_TAKEN");
      return machines.add({ ...machine, name });
    }
    for (;;) {
      const suggestion = suggestMachineName(machine.image, isTaken);
      try {
        return await machines.add({ ...machine, name: suggestion });
      } catch (error) {
        if (!(error instanceof RequestError && error.code === "MACHINE_NAME_TAKEN")) throw error;
        others.push({ name: suggestion, monitors });
      }
    }
  }
}

/** The image's numbers where nothing was said; 0 where no host has told them. */
function resolveCreateRequest(
  request: MachineCreateRequest,
  image: ImageSummary | null,
  limits: Quota,
): ResolvedCreateRequest {
  const wish = machineOptions.parse(request);
  // The image's own network may be more than this person may have.
  const isNarrowed =
    wish.network === undefined &&
    !limits.may.includes("internet") &&
    (image === null || image.networks?.includes("internet") === true);
  const size = wish.diskGb ?? image?.diskGb?.default;
  return {
    image: request.image,
    cpus: request.cpus ?? image?.cpus.default ?? 0,
    memoryMb: request.memoryMb ?? image?.memoryMb.default ?? 0,
    wish: {
      ...wish,
      ...(size !== undefined && { diskGb: size }),
      ...(isNarrowed && { network: image?.networks?.includes("isolated") === false ? "none" : "isolated" }),
    },
    oneShot: request.oneShot,
    lifetimeSeconds: request.lifetimeSeconds ?? limits.lifetimeSeconds,
  };
}

function throwIfRejected(refusal: CreateRejection | null): void {
  if (refusal !== null) throw refuse(refusal.code, refusal.message);
}
