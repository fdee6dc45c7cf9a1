import type { Allowance } from "../../api/schemas.ts";

/** What a machine takes. */
export interface Taken {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

export interface Measured {
  readonly what: "cpus" | "memoryMb" | "diskGb" | "machines";
  /** With this machine. */
  readonly used: number;
  readonly most: number;
}

/** Each limit with what is used of it once the machine is there; without a limit there is nothing to say. */
export function measure({ limits, used }: Allowance, taken: Taken): Measured[] {
  const adds = { ...taken, machines: 1 };
  return (["cpus", "memoryMb", "diskGb", "machines"] as const).flatMap((what) => {
    const most = limits[what];
    return most === null ? [] : [{ what, used: used[what] + adds[what], most }];
  });
}

export function isTooMuch(allowance: Allowance | null, taken: Taken): boolean {
  return allowance !== null && measure(allowance, taken).some(({ used, most }) => used > most);
}
