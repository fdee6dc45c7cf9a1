import type { Allowance } from "../../api/schemas.ts";

/** The resources of one machine. */
export interface RequestedResources {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

export interface AllowanceUsage {
  readonly what: "cpus" | "memoryMb" | "diskGb" | "machines";
  /** Including this machine. */
  readonly used: number;
  readonly most: number;
}

/** Each limit with its usage including the new machine. Resources without a limit are left out. */
export function computeAllowanceUsage(
  { limits, used }: Allowance,
  taken: RequestedResources,
): AllowanceUsage[] {
  const adds = { ...taken, machines: 1 };
  return (["cpus", "memoryMb", "diskGb", "machines"] as const).flatMap((what) => {
    const most = limits[what];
    return most === null ? [] : [{ what, used: used[what] + adds[what], most }];
  });
}

export function exceedsAllowance(allowance: Allowance | null, taken: RequestedResources): boolean {
  return allowance !== null && computeAllowanceUsage(allowance, taken).some(({ used, most }) => used > most);
}
