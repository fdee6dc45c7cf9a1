import { expect, it } from "vitest";
import { decodeMachineRow, encodeMachineRow, encodeNewMachine } from "../../../../proxy/state/machine-row.ts";
import type { MachineRecord } from "../../../../proxy/index.ts";

const RECORD: MachineRecord = {
  id: "m1",
  name: "lab",
  image: "memtest",
  ownerId: "u1",
  agentId: null,
  state: "failed",
  reason: "QEMU ended.",
  cause: { code: "QEMU_ENDED", details: {} },
  accel: null,
  cpus: 1,
  memoryMb: 64,
  wish: { master: false, monitors: 1, gpu: "none", emptyDisk: false, diskGb: 4 },
  lifetimeMs: null,
  expiresAt: null,
  warnedAt: null,
  idleSince: null,
  viewed: true,
  ending: null,
  saved: false,
  powerOffAt: null,
  progress: 0.37,
  tried: [{ host: "h1", why: "It has no free memory." }],
  oneShot: true,
  createdAt: 1,
  since: 2,
};

it("a record comes back from its row", () => {
  const row = encodeNewMachine(RECORD);
  expect(row).toMatchObject({ oneShot: 1, saved: 0, progress: 37, claimedBy: null });
  expect(Object.values(row).every((value) => value === null || typeof value !== "object")).toBe(true);
  expect(decodeMachineRow(row)).toEqual(RECORD);
});

it("what is not known is null on both sides", () => {
  const record = { ...RECORD, cause: null, progress: null };
  const row = encodeNewMachine(record);
  expect(row).toMatchObject({ cause: null, progress: null });
  expect(decodeMachineRow(row)).toEqual(record);
});

it("a change has the columns that it names, and no other", () => {
  expect(encodeMachineRow({ saved: true, progress: null, reason: null })).toEqual({
    saved: 1,
    progress: null,
    reason: null,
  });
  expect(encodeMachineRow({ oneShot: false, ...({ viewed: undefined } as object) })).toEqual({ oneShot: 0 });
});
