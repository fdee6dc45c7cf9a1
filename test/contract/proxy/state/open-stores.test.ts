import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, systemClock } from "../../../../protocol/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";
import { readOpenTokens } from "../../../support/open-tokens.ts";
import { runSql } from "./run-sql.ts";
import { openServerCertificate } from "../../../support/open-server-certificate.ts";

describeDatabases("opening", (makeDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await makeDatabase("empty");
  });
  afterEach(() => database.close());

  test("makes the tables once, however many servers start at once", async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => database.open()));
    await all[0]!.users.add({ name: "amy", role: "admin", passwordHash: "" });
    for (const stores of all) expect(await stores.users.count()).toBe(1);
    const late = await database.open();
    expect(await late.users.count()).toBe(1);
  });

  test("finds everything again after a restart", async () => {
    const before = await database.open();
    await before.agents.add({ id: "a1", name: "mill", kind: "host", admitted: true, publicKey: "" });
    const desktop = await before.desktops.publish("a1", "desk", "m1");
    const expiresAt = database.clock.time + 1_000;
    const right = { desktopId: desktop.id, role: "view", createdBy: "u", expiresAt } as const;
    const token = await before.tokens.create({ ...right, token: "abcd2345" });
    await before.service.getOrCreate("value", () => "kept");
    await before.close();
    await before.close();
    const after = await database.open();
    expect(await after.desktops.find(desktop.id)).toEqual({ ...desktop, agentName: "mill" });
    expect(await readOpenTokens(after.tokens, 0)).toEqual([{ ...token, token: "abcd2345" }]);
    expect(await after.service.get("value")).toBe("kept");
    expect(await after.service.get("none")).toBeNull();
  });

  test("refuses another master key", async () => {
    await database.open();
    const foreign = database.open(randomBytes(32));
    await expect(foreign).rejects.toMatchObject({ code: "MASTER_KEY_WRONG" });
    await expect(foreign).rejects.toBeInstanceOf(ConfigError);
  });

  test("refuses tables that a newer version has changed", async () => {
    const stores = await database.open();
    await stores.close();
    await runSql(
      database.option,
      "insert into kysely_migration values ('9999-later', '2030-01-01T00:00:00Z')",
    );
    await expect(database.open()).rejects.toMatchObject({ code: "DATABASE_NEWER" });
  });

  test("two servers that create a service value at once agree on it", async () => {
    const [one, other] = [await database.open(), await database.open()];
    const values = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : other).service.getOrCreate("value", () => `made by ${index}`),
      ),
    );
    expect(new Set(values).size).toBe(1);
    expect(await other.service.getOrCreate("value", () => "late")).toBe(values[0]);
    const replaced = await Promise.all(
      ["x", "y"].map((value, index) =>
        (index === 0 ? one : other).service.replace("value", values[0]!, value),
      ),
    );
    expect([...replaced].sort()).toEqual([false, true]);
    expect(await one.service.get("value")).toBe(replaced[0] ? "x" : "y");
    expect(await one.service.replace("value", values[0]!, "late")).toBe(false);
    expect(await one.service.replace("another", "", "value")).toBe(false);
  });

  test("two servers that start at once have one CA, and keep it", async () => {
    const open = async () =>
      openServerCertificate({ stores: await database.open(), hosts: ["desk.example"], clock: systemClock });
    const [one, other] = await Promise.all([open(), open()]);
    expect(other.fingerprint).toBe(one.fingerprint);
    expect(other.caCertificate).toBe(one.caCertificate);
    expect(other.key).not.toBe(one.key);
    await database.close();
    expect((await open()).fingerprint).toBe(one.fingerprint);
    const written = await database.dump();
    expect(written).not.toContain("PRIVATE KEY");
    expect(written).not.toContain("Postern service CA");
  });

  test("a sealed value that is moved to another row opens nothing", async () => {
    const stores = await database.open();
    await stores.agents.add({ id: "a1", name: "mill", kind: "agent", publicKey: "" });
    const { id: desktopId } = await stores.desktops.publish("a1", "desk", null);
    const expiresAt = database.clock.time + 1_000;
    const right = { desktopId, role: "view", createdBy: "u", expiresAt } as const;
    const kept = await stores.tokens.create({ ...right, token: "abcd2345" });
    const altered = await stores.tokens.create({ ...right, token: "wxyz6789", role: "control" });
    await runSql(
      database.option,
      `update tokens set sealed = (select sealed from tokens where id = '${kept.id}') where id = '${altered.id}'`,
    );
    expect(await readOpenTokens(stores.tokens, 0)).toEqual([{ ...kept, token: "abcd2345" }]);
    await stores.service.getOrCreate("value", () => "x");
    await runSql(
      database.option,
      "update service set sealed = (select sealed from service where name = 'value') where name = 'master-key-check'",
    );
    await expect(stores.service.get("master-key-check")).rejects.toMatchObject({ code: "MASTER_KEY_WRONG" });
  });
});
