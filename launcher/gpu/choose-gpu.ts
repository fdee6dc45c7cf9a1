import type { GpuKind, GpuAllocation } from "./gpu-allocation-table.ts";
import type { GpuInventory } from "./gpu-inventory.ts";
import type { MdevType } from "./mdev.ts";
import { isGpuAllowed, isGpuDenied, type GpuPolicy } from "./gpu-policy.ts";
import type { PciDevice } from "./pci-device.ts";
import { findUnits, heldFunctions, type GpuUnit, type GpuObstacle } from "./gpu-unit.ts";

/** A GPU as hosts report it. */
export interface GpuFact {
  readonly name: string;
  readonly mode: GpuKind;
  readonly free: boolean;
}

export interface MdevOffer {
  readonly parent: PciDevice;
  readonly type: MdevType;
}

/** Obstacles that mean "in use" rather than "never". */
const PASSING: readonly GpuObstacle["kind"][] = ["divided"];

/** The first free unit, preferably one that vfio-pci has already: then no driver of the host loses it. */
export function chooseUnit(
  inventory: GpuInventory,
  policy: GpuPolicy,
  allocations: readonly GpuAllocation[],
): GpuUnit | null {
  const free = findUnits(inventory, policy).filter(
    (unit) => unit.obstacles.length === 0 && !isTaken(unit, allocations),
  );
  return free.find((unit) => heldFunctions(unit).length === 0) ?? free[0] ?? null;
}

/** A type that has devices left, on the GPU with most of them. */
export function chooseMdev(
  inventory: GpuInventory,
  policy: GpuPolicy,
  allocations: readonly GpuAllocation[],
): MdevOffer | null {
  const offers = listOffers(inventory, policy, allocations).filter(({ type }) => type.available > 0);
  return offers.sort((one, other) => other.type.available - one.type.available)[0] ?? null;
}

/** Every GPU that can ever be assigned, once for each mode. */
export function listGpuFacts(
  inventory: GpuInventory,
  policy: GpuPolicy,
  allocations: readonly GpuAllocation[],
): GpuFact[] {
  const whole = findUnits(inventory, policy)
    .filter(({ obstacles }) => obstacles.every(({ kind }) => PASSING.includes(kind)))
    .map((unit) => ({
      name: unit.name,
      mode: "passthrough" as const,
      free: unit.obstacles.length === 0 && !isTaken(unit, allocations),
    }));
  const parts = listOffers(inventory, policy, allocations).map(({ parent, type }) => ({
    name: `${inventory.nameOf(parent)} (${type.name ?? type.id})`,
    mode: "mdev" as const,
    free: type.available > 0,
  }));
  return [...whole, ...parts].map((fact) => ({ ...fact, name: fact.name.slice(0, 100) }));
}

function isTaken({ functions }: GpuUnit, allocations: readonly GpuAllocation[]): boolean {
  const taken = allocations.flatMap(({ devices }) => devices.map(({ address }) => address));
  return functions.some(({ address }) => taken.includes(address));
}

/** One type for each GPU that makes mediated devices: the administrator's, else the smallest. */
function listOffers(
  { gpus, mdevs }: GpuInventory,
  policy: GpuPolicy,
  allocations: readonly GpuAllocation[],
): MdevOffer[] {
  const passed = allocations.flatMap(({ devices }) => devices.map(({ address }) => address));
  return gpus
    .filter((gpu) => isGpuAllowed(policy, gpu) && !isGpuDenied(policy, gpu) && !passed.includes(gpu.address))
    .flatMap((parent) => {
      const types = parent.mdevTypes.filter(({ id }) => policy.mdevType === null || id === policy.mdevType);
      // How many there could be of a type: those that exist count too, or the choice would change with them.
      const count = ({ id, available }: MdevType): number =>
        available + mdevs.filter(({ parent: of, type }) => of === parent.address && type === id).length;
      const smallest = [...types].sort((one, other) => count(other) - count(one))[0];
      return smallest === undefined ? [] : [{ parent, type: smallest }];
    });
}
