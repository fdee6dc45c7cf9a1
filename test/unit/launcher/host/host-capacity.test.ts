import { expect, test } from "vitest";
import {
  checkHostCapacity,
  measureHostCapacity,
  type HostCapacity,
} from "../../../../launcher/host/host-capacity.ts";

const limits = { maxInstances: 3, maxLoad: 1.5, memoryReserveMb: 0 };
const roomy: HostCapacity = {
  cpus: 4,
  memoryMb: { total: 4096, free: 1229 },
  diskMb: { total: 102_400, free: 512 },
  load: 1.5,
  maxLoad: 1.5,
  instances: { running: 2, max: 3 },
};
const wanted = { cpus: 4, memoryMb: 1229 };

test("memory that was promised and not yet taken is not free, nor is the reserve", () => {
  const before = measureHostCapacity(limits, [], "/");
  const promises = [
    { promisedMb: 300, residentMb: 100 },
    { promisedMb: 10, residentMb: 50 },
  ];
  const after = measureHostCapacity({ ...limits, memoryReserveMb: 100 }, promises, "/");
  const lost = before.memoryMb.free - after.memoryMb.free;
  // Others take and give memory meanwhile.
  expect(Math.abs(lost - 300)).toBeLessThan(250);
  expect(after.instances).toEqual({ running: 2, max: 3 });
  expect(measureHostCapacity(limits, [{ promisedMb: 1e9, residentMb: 0 }], "/").memoryMb.free).toBe(0);
});

test("what fits to the last MiB is taken", () => {
  expect(() => {
    checkHostCapacity(wanted, roomy);
  }).not.toThrow();
});

test.each([
  [{ cpus: 5 }, {}, "HOST_CPUS", "processors: 4 here, 5 asked for. Ask for fewer."],
  [
    { memoryMb: 1230 },
    {},
    "HOST_MEMORY",
    "memory: 1.2 of 4 GB free, 1.2 GB asked for. Stop another machine or ask for less.",
  ],
  [
    { memoryMb: 20_480 },
    { memoryMb: { total: 16_384, free: 51 } },
    "HOST_MEMORY",
    "memory: 0.05 of 16 GB free, 20 GB asked for. Stop another machine or ask for less.",
  ],
  [
    {},
    { diskMb: { total: 102_400, free: 511 } },
    "HOST_DISK",
    "disk: 0.5 of 100 GB free. Delete a machine first.",
  ],
  [{}, { load: 1.51 }, "HOST_LOAD", "load: 1.5 of 1.5 per processor. Try again later."],
  [
    {},
    { instances: { running: 3, max: 3 } },
    "HOST_INSTANCES",
    "machines: 3 of 3 run. Stop another one first.",
  ],
] as const)("%j in %j is refused with %s", (more, less, code, safeMessage) => {
  expect(() => {
    checkHostCapacity({ ...wanted, ...more }, { ...roomy, ...less });
  }).toThrow(expect.objectContaining({ code, safeMessage }) as Error);
});
