import { machinePaths } from "../../../../launcher/model/machine-paths.ts";
import { machineSpec, type MachineSpec } from "../../../../launcher/model/machine-spec.ts";

export const paths = machinePaths("/var/lib/vms", "/run/vms", "m1");

/** A small machine that boots from an ISO, changed as told. */
export function specOf(changes: object): MachineSpec {
  return machineSpec.parse({
    ...{ id: "m1", name: "One", image: "x", cpus: 2, memoryMb: 512 },
    boot: { kind: "iso", file: "/images/a.iso" },
    ...changes,
  });
}

/** The values that follow an option; JSON becomes what it means. */
export function valuesOf(argv: readonly string[], option: string): unknown[] {
  return argv.flatMap((word, index) => {
    const value = argv[index + 1] ?? "";
    if (word !== option) return [];
    return [value.startsWith("{") ? (JSON.parse(value) as unknown) : value];
  });
}

export function devicesOf(argv: readonly string[]): Record<string, unknown>[] {
  return valuesOf(argv, "-device") as Record<string, unknown>[];
}
