import type { ImageSummary, NetworkKind } from "../../protocol/index.ts";
import type { AccountRole, MachineOptions } from "../../proxy/index.ts";
import type { OrchestratorErrorCode } from "../orchestrator-errors.ts";
import { countDiskGb, type Privilege, type Quota, type Usage } from "./quota.ts";

/** A create request, completed by the image's own numbers. */
export interface ResolvedCreateRequest {
  readonly image: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly wish: MachineOptions;
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

/** A request, and what decides about it. */
export interface CreateCheck {
  readonly request: ResolvedCreateRequest;
  readonly who: QuotaSubject;
  readonly usage: Usage;
  /** As a host or the server describes it; null: none is there to ask, and the host will reject by itself. */
  readonly image: ImageSummary | null;
  readonly quota: Quota;
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
 * Whether a person may have this machine beside what they have. The only place that decides.
 * @returns null if so, else why not, with what to do
 */
export function checkCreateRequest(check: CreateCheck): CreateRejection | null {
  const { request, usage, image, quota } = check;
  return (
    checkPrivileges(check) ??
    (image && checkImage(request, image)) ??
    checkDataDisk(request.wish, usage) ??
    checkLifetime(request, quota) ??
    checkAmount("LIMIT_MACHINES", { used: usage.machines, asked: 1, most: quota.machines }) ??
    checkDiskQuota(request.wish, usage, quota) ??
    checkRunQuota(request, usage, quota)
  );
}

/** Whether a person may have this machine's own disk beside those that they have. */
export function checkDiskQuota(wish: MachineOptions, usage: Usage, quota: Quota): CreateRejection | null {
  const asked = countDiskGb(wish);
  return checkAmount("LIMIT_DISK", { used: usage.diskGb, asked, most: quota.diskGb });
}

/** Whether a person may have this machine running beside those that run. */
export function checkRunQuota(
  request: Pick<ResolvedCreateRequest, "cpus" | "memoryMb" | "wish">,
  usage: Usage,
  quota: Quota,
): CreateRejection | null {
  const { cpus, memoryMb } = request;
  return (
    checkDataDisk(request.wish, usage) ??
    checkAmount("LIMIT_CPUS", { used: usage.cpus, asked: cpus, most: quota.cpus }) ??
    checkAmount("LIMIT_MEMORY", { used: usage.memoryMb, asked: memoryMb, most: quota.memoryMb })
  );
}

/** Administrators and operators may use every image. */
export function mayUseImage({ allow }: ImageSummary, { role, name }: QuotaSubject): boolean {
  return allow === undefined || role === "admin" || role === "operator" || allow.includes(`user:${name}`);
}

function checkPrivileges({ request, who, image, quota }: CreateCheck): CreateRejection | null {
  const { wish } = request;
  if (image !== null && !mayUseImage(image, who))
    return { code: "IMAGE_FORBIDDEN", message: "This image is for others. Choose another one." };
  const needed: Readonly<Record<Privilege, boolean>> = {
    script: wish.script !== undefined && wish.script !== "catalogue",
    internet: wish.network === "internet",
    gpu: wish.gpu !== "none",
    master: wish.master,
  };
  for (const [privilege, isNeeded] of Object.entries(needed) as [Privilege, boolean][]) {
    if (!isNeeded || quota.may.includes(privilege)) continue;
    const { code, what } = PRIVILEGE_REJECTIONS[privilege];
    return { code, message: `You may not ${what}. Leave it out, or ask an administrator.` };
  }
  return null;
}

function checkImage(
  { cpus, memoryMb, wish }: ResolvedCreateRequest,
  image: ImageSummary,
): CreateRejection | null {
  const minDiskGb = image.diskGb?.min ?? 0;
  if (cpus < image.cpus.min || memoryMb < image.memoryMb.min)
    return {
      code: "IMAGE_LIMIT",
      message: `${image.title} needs at least ${describeCpus(image.cpus.min)} and ${describeMemory(image.memoryMb.min)}.`,
    };
  if (wish.diskGb !== undefined && wish.diskGb < minDiskGb)
    return { code: "IMAGE_LIMIT", message: `${image.title} needs at least ${describeDisk(minDiskGb)}.` };
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

function checkLifetime({ lifetimeSeconds }: ResolvedCreateRequest, quota: Quota): CreateRejection | null {
  const most = quota.lifetimeSeconds;
  if (most === null || (lifetimeSeconds ?? most) <= most) return null;
  return { code: "LIMIT_LIFETIME", message: `A machine of yours may run for ${describeTime(most)} at most.` };
}

const DESCRIBE_AMOUNT = {
  LIMIT_MACHINES: describeMachines,
  LIMIT_CPUS: describeCpus,
  LIMIT_MEMORY: describeMemory,
  LIMIT_DISK: describeDisk,
} as const;

/** @param amounts `most`: null for no limit */
function checkAmount(
  code: keyof typeof DESCRIBE_AMOUNT,
  { used, asked, most }: { readonly used: number; readonly asked: number; readonly most: number | null },
): CreateRejection | null {
  const describe = DESCRIBE_AMOUNT[code];
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
