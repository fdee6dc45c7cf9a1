import { expect, test } from "vitest";
import { describeSnapshots, SAVED_TAG, toSnapshotTag } from "../../../../launcher/machine/snapshot-store.ts";

test("snapshots of people are listed, numbers stay names, and a saved memory is none", () => {
  const at = (name: string, seconds: number, bytes: number) => ({
    name,
    "vm-state-size": bytes,
    "date-sec": seconds,
    "date-nsec": 5_000_000,
  });
  expect(toSnapshotTag("1")).not.toMatch(/^\d+$/);
  expect(toSnapshotTag("saved")).not.toBe(SAVED_TAG);
  const found = [
    at(toSnapshotTag("late"), 20, 0),
    at(SAVED_TAG, 15, 9),
    at(toSnapshotTag("1"), 10, 9),
    at("alien", 1, 1),
  ];
  expect(describeSnapshots(found)).toEqual([
    { name: "1", createdAt: 10_005, withMemory: true, bytes: 9 },
    { name: "late", createdAt: 20_005, withMemory: false, bytes: 0 },
  ]);
});
