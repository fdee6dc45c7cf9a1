import type { Allowance } from "../../api/schemas.ts";

/** What a machine takes. */
export interface RequestedResources {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

export interface AllowanceUsage {
  readonly what: "cpus" | "memoryMb" | "diskGb" | "machines";
  /** With this machine. */
  readonly used: number;
  readonly most: number;
}

/** Each limit with what is used of it once the machine is there; without a limit there is nothing to say. */
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
