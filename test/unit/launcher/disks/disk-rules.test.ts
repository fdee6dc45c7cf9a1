import { expect, test } from "vitest";
import { specOf } from "../argv/spec-fixture.ts";
import { dataDiskArguments, dataDiskSerial } from "../../../../launcher/argv/data-disk-arguments.ts";
import { diskSlot, type DiskRecord, type DiskCopyState } from "../../../../launcher/disks/disk-record.ts";
import { findDiskFault } from "../../../../launcher/disks/disk-rules.ts";
import {
  applyTransferStep,
  type DiskTransferStep,
} from "../../../../launcher/disks/transfer/transfer-steps.ts";

const record = (name: string, sizeGb: number, standing: DiskCopyState = { state: "here" }): DiskRecord => ({
  ...{ owner: "anna", name, sizeGb, standing, createdAt: 0, usedAt: 0 },
});
const wish = { owner: "anna", name: "home", sizeGb: 4 };
const way = { journey: "j", partner: "p" };

test.each<[readonly DiskRecord[], number, string | undefined]>([
  [[], 4, undefined],
  [[], 3, "DISK_QUOTA"],
  [[record("home", 4)], 1, undefined],
  [[record("home", 2), record("work", 2)], 6, undefined],
  [[record("home", 2), record("work", 2)], 5, "DISK_QUOTA"],
  [[record("home", 4, { state: "left", ...way })], 9, "DISK_TRAVELS"],
])("%j with %d GB: %s", (records, quota, code) => {
  expect(findDiskFault(wish, records, [], quota)?.code).toBe(code);
});

test.each<[DiskCopyState, DiskTransferStep["kind"], DiskCopyState["state"] | null]>([
  [{ state: "leaving", ...way }, "yield", null],
  [{ state: "leaving", ...way, sha256: "s" }, "yield", "left"],
  [{ state: "leaving", ...way }, "stay", "here"],
  [{ state: "left", ...way }, "stay", null],
  [{ state: "arriving", ...way, bytes: 1, sha256: "s" }, "settle", null],
  [{ state: "arrived", ...way }, "settle", "here"],
  [{ state: "arrived", ...way }, "yield", null],
  [{ state: "new" }, "settle", null],
])("%j, %s: %s", (now, kind, state) => {
  expect(
    applyTransferStep(now, { kind, journey: "j", partner: "p", sha256: "s" } as DiskTransferStep)?.state ??
      null,
  ).toBe(state);
});

test("a drive has a stable serial, no backing file, and a folder that no owner's name reaches", () => {
  const [, node, , device] = dataDiskArguments(specOf({}), "/f", "home");
  expect(JSON.parse(node!)).toMatchObject({ driver: "qcow2", backing: null });
  expect(JSON.parse(device!)).toMatchObject({ driver: "virtio-blk-pci", serial: "data-home" });
  expect(dataDiskSerial("x".repeat(32))).toHaveLength(20);
  expect(diskSlot({ owner: "../..", name: "a" })).toMatch(/^[0-9a-f]{32}$/);
});
