import { randomUUID } from "node:crypto";
import {
  machineTraits,
  RequestError,
  sharesDesktopNames,
  type ImageSummary,
  type MachineCreateRequest,
  KeyedQueue,
  MAX_DESKTOP_NAME_LENGTH,
} from "../../protocol/index.ts";
import {
  machineOptions,
  type AccountRole,
  type MachineRecord,
  type NewMachine,
  type Proxy,
} from "../../proxy/index.ts";
import { orchestratorError } from "../orchestrator-errors.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import {
  checkCreateRequest,
  checkDiskQuota,
  checkRunQuota,
  type ResolvedCreateRequest,
  type CreateRejection,
} from "../quota/check-create-request.ts";
import type { CreateRights } from "../quota/create-rights.ts";
import { countUsage, type Quota, type Usage } from "../quota/quota.ts";
import type { Quotas } from "../quota/quotas.ts";

/** Of `-N` with the highest number of a machine's name that is suggested. */
const LONGEST_SUFFIX = 8;

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

interface CreateRequestsContext {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  readonly quotas: Quotas;
  readonly createRights: CreateRights;
}

/** Accepts create requests within the quotas of those who ask. */
export class CreateRequests {
  readonly #proxy: Proxy;
  readonly #catalogue: MergedCatalogue;
  readonly #quotas: Quotas;
  readonly #createRights: CreateRights;
  /** One person's requests are counted one after the other. */
  readonly #queue = new KeyedQueue();

  constructor({ proxy, catalogue, quotas, createRights }: CreateRequestsContext) {
    this.#proxy = proxy;
    this.#catalogue = catalogue;
    this.#quotas = quotas;
    this.#createRights = createRights;
  }

  async readQuotaStatus(who: RequestingUser): Promise<QuotaStatus> {
    return { quota: await this.#quotas.of(who), usage: await this.#countUsage(who.userId) };
  }

  /**
   * Writes a machine down as queued.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`, and those of {@link checkCreateRequest}
   */
  async accept(request: MachineCreateRequest, who: RequestingUser): Promise<MachineRecord> {
    const { offers, hosts, unanswered } = await this.#catalogue.lookUp(request.image);
    if (offers.length === 0 && hosts > unanswered) throw orchestratorError("IMAGE_UNKNOWN");
    const image = (offers.find((offer) => offer.image.available) ?? offers[0])?.image ?? null;
    if (!(await this.#createRights.mayUseImage(who.userId, request.image)))
      throw orchestratorError("IMAGE_FORBIDDEN");
    const quota = await this.#quotas.of(who);
    const resolved = resolveCreateRequest(request, image, quota);
    return this.#queue.run(who.userId, async () => {
      const check = (usage: Usage): CreateRejection | null =>
        checkCreateRequest({ request: resolved, who, usage, image, quota });
      throwIfRejected(check(await this.#countUsage(who.userId)));
      const record = await this.#add(request.name, {
        ...machineTraits.parse(request),
        id: randomUUID(),
        image: resolved.image,
        ownerId: who.userId,
        state: "queued",
        cpus: resolved.cpus,
        memoryMb: resolved.memoryMb,
        wish: resolved.wish,
        lifetimeMs: resolved.lifetimeSeconds === null ? null : resolved.lifetimeSeconds * 1000,
      });
      // Another server may have accepted a request of the same person meanwhile: the sum must be within the quota.
      const rejection = check(await this.#countUsage(who.userId, record.id));
      if (rejection !== null) await this.#proxy.stores.machines.remove(record.id);
      throwIfRejected(rejection);
      return record;
    });
  }

  /**
   * Whether a machine's disk is within its owner's quota, now that its image's size is known. Its record has the size
   * already, so that of two machines at once one sees the other.
   */
  async checkDisk(record: MachineRecord): Promise<CreateRejection | null> {
    const owner = await this.#proxy.stores.users.find(record.ownerId);
    if (owner === null) return null;
    const usage = await this.#countUsage(record.ownerId, record.id);
    return checkDiskQuota(record.wish, usage, await this.#quotas.of({ ...owner, userId: owner.id }));
  }

  /** Calls `start` if the machine may run beside what its owner has. */
  runWithinQuota<T>(record: MachineRecord, start: () => Promise<T>): Promise<T> {
    return this.#queue.run(record.ownerId, async () => {
      const owner = await this.#proxy.stores.users.find(record.ownerId);
      if (owner !== null) {
        const usage = await this.#countUsage(record.ownerId, record.id);
        const quota = await this.#quotas.of({ ...owner, userId: owner.id });
        throwIfRejected(checkRunQuota(record, usage, quota));
      }
      return start();
    });
  }

  async #countUsage(ownerId: string, except?: string): Promise<Usage> {
    return countUsage(await this.#proxy.stores.machines.listByOwner(ownerId), except);
  }

  async #add(name: string | undefined, machine: Omit<NewMachine, "name">): Promise<MachineRecord> {
    const { machines } = this.#proxy.stores;
    const monitors = machine.wish?.monitors ?? 1;
    const similar = await machines.listNamedFrom(stemOf(name ?? machine.image));
    const others = similar.map((other) => ({ name: other.name, monitors: other.wish.monitors }));
    const isTaken = (wanted: string): boolean =>
      others.some((other) => sharesDesktopNames(other, { name: wanted, monitors }));
    if (name !== undefined) {
      if (isTaken(name)) throw orchestratorError("MACHINE_NAME_TAKEN");
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

/** The image's numbers where the request has none; 0 where they are not known. */
function resolveCreateRequest(
  request: MachineCreateRequest,
  image: ImageSummary | null,
  quota: Quota,
): ResolvedCreateRequest {
  const options = machineOptions.parse(request);
  // The image's own network may be more than this person may have.
  const isNarrowed =
    options.network === undefined &&
    !quota.may.includes("internet") &&
    (image === null || image.networks?.includes("internet") === true);
  const diskGb = options.diskGb ?? (options.master ? undefined : image?.diskGb?.default);
  return {
    image: request.image,
    cpus: request.cpus ?? image?.cpus.default ?? 0,
    memoryMb: request.memoryMb ?? image?.memoryMb.default ?? 0,
    wish: {
      ...options,
      ...(diskGb !== undefined && { diskGb }),
      ...(isNarrowed && { network: image?.networks?.includes("isolated") === false ? "none" : "isolated" }),
    },
    lifetimeSeconds: request.lifetimeSeconds ?? quota.lifetimeSeconds,
  };
}

function throwIfRejected(rejection: CreateRejection | null): void {
  if (rejection !== null) throw orchestratorError(rejection.code, rejection.message);
}

/**
 * The common prefix of all names whose displays could have the same desktop names as this machine's: the name without its
 * number, and cut as a long name is cut to make place for a number.
 */
function stemOf(name: string): string {
  const stem = name.replace(/-\d+$/, "").slice(0, MAX_DESKTOP_NAME_LENGTH - LONGEST_SUFFIX);
  // The cut may have split a surrogate pair; half of one is no text for the database.
  return stem.replace(/[\uD800-\uDBFF]$/, "");
}

/** `IMAGE-N` with the smallest N that is not taken yet. */
function suggestMachineName(image: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = `-${number}`;
    const name = image.slice(0, MAX_DESKTOP_NAME_LENGTH - suffix.length) + suffix;
    if (!isTaken(name)) return name;
  }
}
