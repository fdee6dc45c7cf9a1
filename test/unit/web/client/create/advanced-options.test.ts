import { describe, expect, it } from "vitest";
import type { Allowance, Image } from "../../../../../web/api/schemas.ts";
import { exceedsAllowance, computeAllowanceUsage } from "../../../../../web/client/create/allowance-usage.ts";
import {
  checkAdvancedOptions,
  listLifetimes,
  DEFAULT_OPTIONS,
  listAvailableOptions,
  toCreateInput,
  type AdvancedOptions,
} from "../../../../../web/client/create/advanced-options.ts";

const IMAGE: Image = {
  ...{ id: "debian", title: "Debian", description: "", available: true, script: "cloud-init" },
  ...{
    memoryMb: { default: 2048, min: 1024 },
    cpus: { default: 2, min: 1 },
    diskGb: { default: 20, min: 10 },
  },
  ...{ displays: ["std", "virtio"], networks: ["none", "isolated", "internet"] },
};
const ALLOWANCE: Allowance = {
  limits: { machines: 3, cpus: 4, memoryMb: null, diskGb: 50, lifetimeSeconds: 28_800 },
  used: { machines: 1, cpus: 2, memoryMb: 2048, diskGb: 20 },
  may: ["script", "internet", "gpu", "master", "extend"],
};
const makeOptions = (change: Partial<AdvancedOptions>): AdvancedOptions => ({
  ...DEFAULT_OPTIONS,
  ...change,
});

describe("what is offered", () => {
  it("is all that this person may choose and the system has", () => {
    expect(listAvailableOptions(IMAGE, ALLOWANCE)).toEqual({
      ...{ networks: ["none", "isolated", "internet"], displays: ["std", "virtio"], ownDisk: true },
      ...{ gpu: true, script: true, master: true },
    });
  });

  it("is nothing that is refused anyway", () => {
    expect(listAvailableOptions(IMAGE, { ...ALLOWANCE, may: [] })).toEqual({
      ...{ networks: ["none", "isolated"], displays: ["std", "virtio"], ownDisk: true },
      ...{ gpu: false, script: false, master: false },
    });
    const { diskGb: _disk, displays: _displays, networks: _networks, ...plain } = IMAGE;
    expect(listAvailableOptions({ ...plain, script: "none" }, ALLOWANCE)).toMatchObject({
      ...{ networks: [], displays: [], ownDisk: false, script: false },
    });
    expect(listAvailableOptions(IMAGE, null)).toMatchObject({ gpu: false, script: false, master: false });
  });

  it("has lifetimes up to the longest that is allowed", () => {
    expect(listLifetimes(28_800)).toEqual([3600, 14_400, 28_800]);
    expect(listLifetimes(5000)).toEqual([3600, 5000]);
    expect(listLifetimes(null).at(-1)).toBeNull();
  });
});

describe("options", () => {
  it("that nobody has are not sent", () => {
    expect(toCreateInput(DEFAULT_OPTIONS, IMAGE)).toEqual({});
  });

  it("are sent as they were typed, without what surrounds them", () => {
    const all = makeOptions({
      ...{ lifetime: "3600", oneShot: true, network: "internet", display: "virtio", keymap: " fr " },
      ...{ gpu: "mdev", diskGb: "40", dataDisk: " home ", dataSizeGb: "5", script: "id\n", master: true },
    });
    expect(toCreateInput(all, IMAGE)).toEqual({
      ...{ lifetimeSeconds: 3600, oneShot: true, network: "internet", display: "virtio", keymap: "fr" },
      ...{ gpu: "mdev", diskGb: 40, dataDisk: { name: "home", sizeGb: 5 }, script: "id\n", master: true },
    });
  });

  it("for a disk of a system that has none mean an empty one", () => {
    const { diskGb: _disk, ...installer } = IMAGE;
    expect(toCreateInput(makeOptions({ diskGb: "20" }), installer)).toEqual({ diskGb: 20, emptyDisk: true });
    expect(toCreateInput(makeOptions({}), installer)).toEqual({});
  });

  it.each<[Partial<AdvancedOptions>, string[]]>([
    [{}, []],
    [{ keymap: "azerty!" }, ["keymap"]],
    [{ diskGb: "9" }, ["disk"]],
    [{ diskGb: "10" }, []],
    [{ diskGb: "ten" }, ["disk"]],
    [{ dataDisk: "My Disk" }, ["dataDisk"]],
    [{ dataDisk: "home", dataSizeGb: "0" }, ["dataSize"]],
    [{ dataDisk: "home", dataSizeGb: "1" }, []],
    [{ script: "x".repeat(65_537) }, ["script"]],
  ])("%j: %j is wrong", (change, faults) => {
    expect(checkAdvancedOptions(makeOptions(change), IMAGE)).toEqual(faults);
  });
});

describe("what a machine takes", () => {
  it("is told for each limit there is", () => {
    expect(computeAllowanceUsage(ALLOWANCE, { cpus: 2, memoryMb: 4096, diskGb: 20 })).toEqual([
      { what: "cpus", used: 4, most: 4 },
      { what: "diskGb", used: 40, most: 50 },
      { what: "machines", used: 2, most: 3 },
    ]);
  });

  it("is too much when one limit is passed; without limits nothing is", () => {
    expect(exceedsAllowance(ALLOWANCE, { cpus: 2, memoryMb: 1, diskGb: 30 })).toBe(false);
    expect(exceedsAllowance(ALLOWANCE, { cpus: 3, memoryMb: 1, diskGb: 0 })).toBe(true);
    expect(exceedsAllowance(null, { cpus: 300, memoryMb: 1, diskGb: 0 })).toBe(false);
  });
});
