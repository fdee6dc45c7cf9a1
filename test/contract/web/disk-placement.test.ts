// Placement with two real launchers, real disks and guests that count on them, and a server that is started again.
import { afterEach, describe, expect, test, vi } from "vitest";
import { RequestError } from "../../../protocol/index.ts";
import type { MachineRecord } from "../../../proxy/index.ts";
import { DiskFixture, HOME } from "./disk-fixture.ts";

const home = { name: HOME.name, sizeGb: 1 };
const FILLER = { id: "filler", name: "filler", image: "counter" };

const isOn = ({ state }: MachineRecord) => state === "booting" || state === "running";

/** Two launchers and several guests, one after the other. */
vi.setConfig({ testTimeout: 180_000 });

let diskFixture: DiskFixture;
afterEach(() => diskFixture.close());

/** A machine has been on `a` and left its disk there; then something else took the room. */
async function leaveDiskBehind(userDataGb?: number): Promise<void> {
  diskFixture = await DiskFixture.make(userDataGb);
  await diskFixture.queueMachine("m1", home);
  diskFixture.connect("a");
  expect(await diskFixture.readCounters("a", "m1")).toBe("SADAE");
  await diskFixture.stop("a", "m1");
  await diskFixture.launchers.get("a")!.create(FILLER);
  diskFixture.connect("b");
}

describe("a machine whose data disk lies on a host without room", () => {
  test("has the disk brought to another host, and is told so; and an older machine has it brought back", async () => {
    await leaveDiskBehind();
    await diskFixture.queueMachine("m2", home);
    diskFixture.triggerScheduling();
    // Its system disk is new, its data disk is the one that the first machine had.
    expect(await diskFixture.readCounters("b", "m2")).toBe("SADBE");
    const moving = diskFixture.reasons.filter((reason) => reason.startsWith("Moving the data disk home"));
    expect(moving[0]).toContain(": 0 %");
    expect(moving.at(-1)).toContain(": 100 %");
    const { agentId, reason, progress, tried } = await diskFixture.expectRecord("m2", isOn);
    expect({ agentId, reason, progress, tried }).toEqual({
      agentId: "b",
      reason: null,
      progress: null,
      tried: [],
    });
    expect(await diskFixture.copies("a")).toEqual([]);
    expect(await diskFixture.copies("b")).toMatchObject([{ ...HOME, state: "here", machine: "m2" }]);
    const diskName = "anna/home";
    expect(diskFixture.proxy.audited.filter(({ action }) => action.startsWith("disk."))).toEqual([
      { action: "disk.move", outcome: "success", machineId: "m2", agentId: "b", diskName },
      { action: "disk.arrive", outcome: "success", agentId: "b", diskName },
    ]);

    await expect(diskFixture.start("m1")).rejects.toMatchObject({ code: "DATA_DISK_IN_USE" });
    await diskFixture.stop("b", "m2");
    await diskFixture.launchers.get("a")!.remove("filler");
    await diskFixture.start("m1");
    await diskFixture.expectRecord("m1", (record) => isOn(record) && record.agentId === "a");
    // It is the second time on its own disk, and the third on the data disk.
    await expect.poll(() => diskFixture.readCounters("a", "m1"), { timeout: 20_000 }).toBe("SBDCE");
    expect(await diskFixture.copies("b")).toEqual([]);
  });

  test.each(["disk.write", "disk.settle"])("gets it although the server ends at %s", async (step) => {
    await leaveDiskBehind();
    await diskFixture.queueMachine("m2", home);
    const ended: Promise<void>[] = [];
    diskFixture.onRequest = (_host, method) => {
      if (method !== step || ended.length > 0) return;
      ended.push(diskFixture.closeServer());
      throw new RequestError("HOST_OFFLINE", "the server ends");
    };
    diskFixture.triggerScheduling();
    await expect.poll(() => ended.length, { timeout: 30_000 }).toBe(1);
    await ended[0];
    expect(await diskFixture.stores.machines.find("m2")).toMatchObject({ state: "queued", agentId: null });
    await diskFixture.openServer();
    expect(await diskFixture.readCounters("b", "m2")).toBe("SADBE");
    expect(await diskFixture.copies("a")).toEqual([]);
  });

  test("waits where the disk is when the other host does not take it", async () => {
    await leaveDiskBehind(0.5);
    await diskFixture.queueMachine("m2", home);
    diskFixture.triggerScheduling();
    await diskFixture.expectRecord("m2", ({ reason }) => reason?.includes("0 of 0.5 GB in use") === true);
    expect(await diskFixture.copies("a")).toMatchObject([{ ...HOME, state: "here" }]);
    diskFixture.triggerScheduling();
    diskFixture.triggerScheduling();
    await diskFixture.launchers.get("a")!.remove("filler");
    diskFixture.triggerScheduling();
    expect(await diskFixture.readCounters("a", "m2")).toBe("SADBE");
    // It was tried once.
    expect(diskFixture.proxy.count("a", "disk.export")).toBeLessThanOrEqual(2);
  });

  test("goes on without a host that went away with half of the disk, and that half is dropped later", async () => {
    await leaveDiskBehind();
    await diskFixture.queueMachine("m2", home);
    diskFixture.onRequest = (host, method) => {
      if (method !== "disk.write" || host !== "b") return;
      diskFixture.proxy.disconnect("b");
      throw new RequestError("HOST_OFFLINE", "gone");
    };
    diskFixture.triggerScheduling();
    await expect
      .poll(() => diskFixture.copies("b"), { timeout: 30_000 })
      .toMatchObject([{ state: "arriving" }]);
    await expect.poll(() => diskFixture.copies("a"), { timeout: 30_000 }).toMatchObject([{ state: "here" }]);
    await diskFixture.launchers.get("a")!.remove("filler");
    diskFixture.triggerScheduling();
    expect(await diskFixture.readCounters("a", "m2")).toBe("SADBE");
    diskFixture.onRequest = () => undefined;
    await diskFixture.queueMachine("m3", { name: "work", sizeGb: 1 });
    diskFixture.connect("b");
    expect(await diskFixture.readCounters("b", "m3")).toBe("SADAE");
  });

  test("two that want it at once: one has it, and there are never two disks", async () => {
    await leaveDiskBehind();
    await Promise.all([diskFixture.queueMachine("m2", home), diskFixture.queueMachine("m3", home)]);
    diskFixture.triggerScheduling();
    diskFixture.triggerScheduling();
    const first = await Promise.race(
      ["m2", "m3"].map((id) => diskFixture.readCounters("b", id).then(() => id)),
    );
    const other = first === "m2" ? "m3" : "m2";
    await diskFixture.expectRecord(other, ({ state, agentId }) => state === "queued" && agentId === null);
    expect([...(await diskFixture.copies("a")), ...(await diskFixture.copies("b"))]).toMatchObject([
      { machine: first },
    ]);
    await diskFixture.stop("b", first);
    diskFixture.triggerScheduling();
    expect(await diskFixture.readCounters("b", other)).toBe("SADCE");
  });
});
