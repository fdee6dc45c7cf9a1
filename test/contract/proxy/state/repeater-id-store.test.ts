import { expect, test } from "vitest";
import { describeDatabases } from "./databases.ts";

describeDatabases("repeater IDs", (makeDatabase) => {
  test("are found until they expire, by any server, and go with their desktop", async () => {
    const database = await makeDatabase();
    const stores = await database.open();
    const other = await database.open();
    const now = database.clock.now();
    await stores.agents.add({ id: "agent-1", name: "agent", kind: "agent", publicKey: "key" });
    const { id } = await stores.desktops.publish("agent-1", "lab-1", null);
    await stores.repeaterIds.create("hash-1", id, now + 1_000);
    await stores.repeaterIds.create("hash-2", id, now + 2_000);
    expect(await other.repeaterIds.find("hash-1", now + 999)).toBe(id);
    expect(await other.repeaterIds.find("hash-1", now + 1_000)).toBeNull();
    expect(await other.repeaterIds.find("hash-3", now)).toBeNull();
    expect(await stores.repeaterIds.deleteExpired(now + 1_000)).toBe(1);
    expect(await stores.repeaterIds.find("hash-1", now)).toBeNull();
    await stores.desktops.remove(id);
    expect(await stores.repeaterIds.find("hash-2", now)).toBeNull();
    await expect(stores.repeaterIds.create("hash-4", id, now + 1)).rejects.toMatchObject({
      code: "DESKTOP_UNKNOWN",
    });
  });

  test("are never the same number twice for two desktops", async () => {
    const database = await makeDatabase();
    const stores = await database.open();
    await stores.agents.add({ id: "agent-1", name: "agent", kind: "agent", publicKey: "key" });
    const first = await stores.desktops.publish("agent-1", "lab-1", null);
    const second = await stores.desktops.publish("agent-1", "lab-2", null);
    await stores.repeaterIds.create("hash", first.id, 2_000_000_000_000);
    await expect(stores.repeaterIds.create("hash", second.id, 2_000_000_000_000)).rejects.toThrow();
    expect(await stores.repeaterIds.find("hash", database.clock.now())).toBe(first.id);
  });
});
