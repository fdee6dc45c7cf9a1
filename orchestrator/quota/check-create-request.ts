import type { ImageSummary, NetworkKind } from "../../protocol/index.ts";
import type { AccountRole, MachineOptions } from "../../proxy/index.ts";
import type { OrchestratorErrorCode } from "../errors.ts";
import type { Quota, Privilege } from "./quota.ts";
import type { Usage } from "./usage.ts";

/** A machine as it is ordered, with the image's own numbers where nothing else was said. */
export interface ResolvedCreateRequest {
  readonly image: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly wish: MachineOptions;
  readonly oneShot: boolean;
  readonly lifetimeSeconds: number | null;
}

export interface QuotaSubject {
  readonly name: string;
  readonly role: AccountRole;
}

export interface CreateRejection {
  readonly code: OrchestratorErrorCode;
  readonly message: string;
}

const PRIVILEGE_REJECTIONS: Readonly<
  Record<Privilege, { readonly code: OrchestratorErrorCode; readonly what: string }>
> = {
  script: { code: "SCRIPT_FORBIDDEN", what: "give a machine a boot script" },
  internet: { code: "INTERNET_FORBIDDEN", what: "let a machine reach the internet" },
  gpu: { code: "GPU_FORBIDDEN", what: "give a machine a GPU" },
  master: { code: "MASTER_FORBIDDEN", what: "let a machine write to the image itself" },
};
const NETWORK_REACH: Readonly<Record<NetworkKind, number>> = { none: 0, isolated: 1, internet: 2 };

/**
 * Whether a person may have this machine beside what they have. The one place that decides.
 * @param image what a host says of it; null: no host is there to ask, and it will refuse by itself
 * @returns null if so, else why not, with what to do
 */
export function checkCreateRequest(
  order: ResolvedCreateRequest,
  who: QuotaSubject,
  usage: Usage,
  image: ImageSummary | null,
  limits: Quota,
): CreateRejection | null {
  return (
    checkPrivileges(order, who, image, limits) ??
    (image && checkImage(order, image)) ??
    checkDataDisk(order.wish, usage) ??
    checkLifetime(order, limits) ??
    checkAmount("LIMIT_MACHINES", usage.machines, 1, limits.machines, describeMachines) ??
    checkAmount("LIMIT_DISK", usage.diskGb, order.wish.diskGb ?? 0, limits.diskGb, describeDisk) ??
    checkRunQuota(order, usage, limits)
  );
}

/** Whether a person may have this machine running beside those that run. */
export function checkRunQuota(
  order: Pick<ResolvedCreateRequest, "cpus" | "memoryMb" | "wish">,
  usage: Usage,
  limits: Quota,
): CreateRejection | null {
  return (
    checkDataDisk(order.wish, usage) ??
    checkAmount("LIMIT_CPUS", usage.cpus, order.cpus, limits.cpus, describeCpus) ??
    checkAmount("LIMIT_MEMORY", usage.memoryMb, order.memoryMb, limits.memoryMb, describeMemory)
  );
}

/** Administrators may use every image. */
export function mayUseImage({ allow }: ImageSummary, who: QuotaSubject): boolean {
  return allow === undefined || who.role === "admin" || allow.includes(`user:${who.name}`);
}

function checkPrivileges(
  { wish }: ResolvedCreateRequest,
  who: QuotaSubject,
  image: ImageSummary | null,
  limits: Quota,
): CreateRejection | null {
  if (image !== null && !mayUseImage(image, who))
    return { code: "IMAGE_FORBIDDEN", message: "This image is for others. Choose another one." };
  const asked: Readonly<Record<Privilege, boolean>> = {
    script: wish.script !== undefined && wish.script !== "catalogue",
    internet: wish.network === "internet",
    gpu: wish.gpu !== "none",
    master: wish.master,
  };
  for (const [privilege, isAsked] of Object.entries(asked) as [Privilege, boolean][]) {
    if (!isAsked || limits.may.includes(privilege)) continue;
    const { code, what } = PRIVILEGE_REJECTIONS[privilege];
    return { code, message: `You may not ${what}. Leave it out, or ask an administrator.` };
  }
  return null;
}

function checkImage(
  { cpus, memoryMb, wish }: ResolvedCreateRequest,
  image: ImageSummary,
): CreateRejection | null {
  const least = image.diskGb?.min ?? 0;
  if (cpus < image.cpus.min || memoryMb < image.memoryMb.min)
    return {
      code: "IMAGE_LIMIT",
      message: `${image.title} needs at least ${describeCpus(image.cpus.min)} and ${describeMemory(image.memoryMb.min)}.`,
    };
  if (wish.diskGb !== undefined && wish.diskGb < least)
    return { code: "IMAGE_LIMIT", message: `${image.title} needs at least ${describeDisk(least)}.` };
  if (wish.emptyDisk && wish.diskGb === undefined)
    return { code: "IMAGE_CHOICE", message: "Say how large the empty disk is to be." };
  if (wish.display !== undefined && image.displays !== undefined && !image.displays.includes(wish.display))
    return {
      code: "IMAGE_CHOICE",
      message: `${image.title} has no display ${wish.display}. Choose ${image.displays.join(" or ")}.`,
    };
  if (wish.script !== undefined && wish.script !== "catalogue" && image.script === "none")
    return { code: "IMAGE_CHOICE", message: `${image.title} runs no boot scripts. Leave the script out.` };
  const { network } = wish;
  const networks = image.networks;
  if (network !== undefined && networks !== undefined && !networks.includes(network)) {
    const widest = [...networks].sort((a, b) => NETWORK_REACH[b] - NETWORK_REACH[a])[0] ?? "none";
    return {
      code: "IMAGE_CHOICE",
      message: `${image.title} has no network ${network}. The most it may have is ${widest}.`,
    };
  }
  return null;
}

function checkDataDisk({ dataDisk }: MachineOptions, usage: Usage): CreateRejection | null {
  if (dataDisk === undefined) return null;
  const holder = usage.dataDisks.get(dataDisk.name);
  if (holder === undefined) return null;
  return {
    code: "DATA_DISK_IN_USE",
    message: `Your machine ${holder} has the data disk ${dataDisk.name} now. Stop it first, or choose another disk.`,
  };
}

function checkLifetime({ lifetimeSeconds }: ResolvedCreateRequest, limits: Quota): CreateRejection | null {
  const most = limits.lifetimeSeconds;
  if (most === null || (lifetimeSeconds ?? most) <= most) return null;
  return { code: "LIMIT_LIFETIME", message: `A machine of yours may run for ${describeTime(most)} at most.` };
}

function checkAmount(
  code: OrchestratorErrorCode,
  used: number,
  asked: number,
  most: number | null,
  describe: (amount: number) => string,
): CreateRejection | null {
  if (most === null || used + asked <= most) return null;
  const rest = most - used;
  const message =
    asked > most
      ? `You may have ${describe(most)}, and this takes ${describe(asked)}. Choose less.`
      : `You have ${describe(used)} of ${describe(most)}, and this takes ${describe(asked)}. ${
          rest > 0 && code !== "LIMIT_MACHINES" ? "Choose less, or stop" : "Stop or remove"
        } a machine first.`;
  return { code, message };
}

function describeMachines(count: number): string {
  return count === 1 ? "1 machine" : `${count} machines`;
}

function describeCpus(count: number): string {
  return count === 1 ? "1 CPU" : `${count} CPUs`;
}

function describeMemory(megabytes: number): string {
  if (megabytes < 1024) return `${megabytes} MB of memory`;
  return `${Number((megabytes / 1024).toFixed(1))} GB of memory`;
}

function describeDisk(gigabytes: number): string {
  return `${gigabytes} GB of disk`;
}

function describeTime(seconds: number): string {
  const [size, unit] =
    seconds % 86_400 === 0 ? [86_400, "day"] : seconds % 3600 === 0 ? [3600, "hour"] : [60, "minute"];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
