// Placement with two real launchers, real disks and guests that count on them, and a server that is started again.
import { afterEach, describe, expect, test, vi } from "vitest";
import { RequestError } from "../../../protocol/index.ts";
import type { MachineRecord } from "../../../proxy/index.ts";
import { DiskWorld, HOME } from "./disk-world.ts";

const home = { name: HOME.name, sizeGb: 1 };
const FILLER = { id: "filler", name: "filler", image: "counter" };

const isOn = ({ state }: MachineRecord) => state === "booting" || state === "running";

/** Two launchers and several guests, one after the other. */
vi.setConfig({ testTimeout: 180_000 });

let world: DiskWorld;
afterEach(() => world.close());

/** A machine has been on `a` and left its disk there; then something else took the room. */
async function leaveDiskBehind(userDataGb?: number): Promise<void> {
  world = await DiskWorld.make(userDataGb);
  await world.order("m1", home);
  world.connect("a");
  expect(await world.hear("a", "m1")).toBe("SADAE");
  await world.stop("a", "m1");
  await world.launchers.get("a")!.create(FILLER);
  world.connect("b");
}

describe("a machine whose data disk lies on a host without room", () => {
  test("has the disk brought to another host, and is told so; and an older machine has it brought back", async () => {
    await leaveDiskBehind();
    await world.order("m2", home);
    world.look();
    // Its system disk is new, its data disk is the one that the first machine had.
    expect(await world.hear("b", "m2")).toBe("SADBE");
    const moving = world.reasons.filter((reason) => reason.startsWith("Moving the data disk home"));
    expect(moving[0]).toContain(": 0 %");
    expect(moving.at(-1)).toContain(": 100 %");
    const { agentId, reason, progress, tried } = await world.expectRecord("m2", isOn);
    expect({ agentId, reason, progress, tried }).toEqual({
      agentId: "b",
      reason: null,
      progress: null,
      tried: [],
    });
    expect(await world.copies("a")).toEqual([]);
    expect(await world.copies("b")).toMatchObject([{ ...HOME, state: "here", machine: "m2" }]);
    const diskName = "anna/home";
    expect(world.proxy.audited.filter(({ action }) => action.startsWith("disk."))).toEqual([
      { action: "disk.move", outcome: "success", machineId: "m2", agentId: "b", diskName },
      { action: "disk.arrive", outcome: "success", agentId: "b", diskName },
    ]);

    await expect(world.start("m1")).rejects.toMatchObject({ code: "DATA_DISK_IN_USE" });
    await world.stop("b", "m2");
    await world.launchers.get("a")!.remove("filler");
    await world.start("m1");
    await world.expectRecord("m1", (record) => isOn(record) && record.agentId === "a");
    // It is the second time on its own disk, and the third on the data disk.
    await expect.poll(() => world.hear("a", "m1"), { timeout: 20_000 }).toBe("SBDCE");
    expect(await world.copies("b")).toEqual([]);
  });

  test.each(["disk.write", "disk.settle"])("gets it although the server ends at %s", async (step) => {
    await leaveDiskBehind();
    await world.order("m2", home);
    const ended: Promise<void>[] = [];
    world.watch = (_host, method) => {
      if (method !== step || ended.length > 0) return;
      ended.push(world.closeServer());
      throw new RequestError("HOST_OFFLINE", "the server ends");
    };
    world.look();
    await expect.poll(() => ended.length, { timeout: 30_000 }).toBe(1);
    await ended[0];
    expect(await world.stores.machines.find("m2")).toMatchObject({ state: "queued", agentId: null });
    await world.openServer();
    expect(await world.hear("b", "m2")).toBe("SADBE");
    expect(await world.copies("a")).toEqual([]);
  });

  test("waits where the disk is when the other host does not take it", async () => {
    await leaveDiskBehind(0.5);
    await world.order("m2", home);
    world.look();
    await world.expectRecord("m2", ({ reason }) => reason?.includes("0 of 0.5 GB in use") === true);
    expect(await world.copies("a")).toMatchObject([{ ...HOME, state: "here" }]);
    world.look();
    world.look();
    await world.launchers.get("a")!.remove("filler");
    world.look();
    expect(await world.hear("a", "m2")).toBe("SADBE");
    // It was tried once.
    expect(world.proxy.count("a", "disk.export")).toBeLessThanOrEqual(2);
  });

  test("goes on without a host that went away with half of the disk, and that half is dropped later", async () => {
    await leaveDiskBehind();
    await world.order("m2", home);
    world.watch = (host, method) => {
      if (method !== "disk.write" || host !== "b") return;
      world.proxy.disconnect("b");
      throw new RequestError("HOST_OFFLINE", "gone");
    };
    world.look();
    await expect.poll(() => world.copies("b"), { timeout: 30_000 }).toMatchObject([{ state: "arriving" }]);
    await expect.poll(() => world.copies("a"), { timeout: 30_000 }).toMatchObject([{ state: "here" }]);
    await world.launchers.get("a")!.remove("filler");
    world.look();
    expect(await world.hear("a", "m2")).toBe("SADBE");
    world.watch = () => undefined;
    await world.order("m3", { name: "work", sizeGb: 1 });
    world.connect("b");
    expect(await world.hear("b", "m3")).toBe("SADAE");
  });

  test("two that want it at once: one has it, and there are never two disks", async () => {
    await leaveDiskBehind();
    await Promise.all([world.order("m2", home), world.order("m3", home)]);
    world.look();
    world.look();
    const first = await Promise.race(["m2", "m3"].map((id) => world.hear("b", id).then(() => id)));
    const other = first === "m2" ? "m3" : "m2";
    await world.expectRecord(other, ({ state, agentId }) => state === "queued" && agentId === null);
    expect([...(await world.copies("a")), ...(await world.copies("b"))]).toMatchObject([{ machine: first }]);
    await world.stop("b", first);
    world.look();
    expect(await world.hear("b", other)).toBe("SADCE");
  });
});
