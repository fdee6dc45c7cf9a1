import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stores } from "../../../../proxy/index.ts";
import { readOpenTokens } from "../../../support/open-tokens.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

const PARALLEL = 100;

const AGENT_GRANT = { role: "agent", admit: false } as const;

describeDatabases("tokens, tickets and join secrets", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let other: Stores;
  let desktopId: string;
  let now: number;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    other = await database.open();
    await stores.agents.add({ id: "a1", name: "mill", kind: "agent", publicKey: "" });
    desktopId = (await stores.desktops.publish("a1", "desk", null)).id;
    now = database.clock.time;
  });
  afterEach(() => database.close());

  const createToken = (token: string, expiresAt = now + 1_000) =>
    stores.tokens.create({ desktopId, token, role: "view", createdBy: "u1", expiresAt });
  const ticketUntil = (expiresAt: number) =>
    ({ desktopId, role: "control", denied: [], createdBy: "u1", expiresAt }) as const;
  const onBoth = <T>(use: (each: Stores) => Promise<T>) =>
    Promise.all(Array.from({ length: PARALLEL }, (_, index) => use(index % 2 === 0 ? stores : other)));

  test("a token is opened for matching only, and listed without its value", async () => {
    const record = await createToken("^HbD)GJo");
    expect(record).toEqual({
      id: record.id,
      desktopId,
      role: "view",
      denied: [],
      createdBy: "u1",
      createdAt: now,
      expiresAt: now + 1_000,
    });
    expect(await readOpenTokens(other.tokens, now)).toEqual([{ ...record, token: "^HbD)GJo" }]);
    expect(await other.tokens.list()).toEqual([record]);
    expect(await other.tokens.list(desktopId)).toEqual([record]);
    expect(await other.tokens.list("another")).toEqual([]);
    await other.tokens.revoke(record.id);
    expect(await readOpenTokens(stores.tokens, now)).toEqual([]);
  });

  test("a token of an unknown desktop is refused, and so is a ticket", async () => {
    const token = { ...ticketUntil(now + 1), desktopId: "nowhere", token: "abcd2345" };
    await expect(stores.tokens.create(token)).rejects.toMatchObject({ code: "DESKTOP_UNKNOWN" });
    const ticket = { ...ticketUntil(now + 1), desktopId: "nowhere" };
    await expect(stores.tickets.create("hash", ticket)).rejects.toMatchObject({ code: "DESKTOP_UNKNOWN" });
  });

  test("a token lives until its last millisecond, and is deleted then", async () => {
    await createToken("abcd2345", now + 10);
    await createToken("wxyz6789", now + 20);
    expect(await readOpenTokens(stores.tokens, now + 9)).toHaveLength(2);
    expect((await readOpenTokens(stores.tokens, now + 10)).map(({ token }) => token)).toEqual(["wxyz6789"]);
    expect(await stores.tokens.deleteExpired(now + 9)).toBe(0);
    expect(await stores.tokens.deleteExpired(now + 10)).toBe(1);
    expect(await stores.tokens.list()).toHaveLength(1);
  });

  test("neither a token nor a service value is found in what the database has written", async () => {
    const canaries = ["Qj7wKzR4", "canary-of-the-service"];
    const record = await createToken(canaries[0]!);
    await stores.service.getOrCreate("canary", () => canaries[1]!);
    const written = await database.dump();
    expect(written).toContain(record.id);
    for (const canary of canaries) {
      const bytes = Buffer.from(canary);
      for (const form of [canary, bytes.toString("hex"), bytes.toString("base64").slice(0, 10)])
        expect(written).not.toContain(form);
    }
  });

  test("of 100 parallel uses of a ticket one wins", async () => {
    const ticket = ticketUntil(now + 1_000);
    await stores.tickets.create("hash", ticket);
    const taken = await onBoth((each) => each.tickets.take("hash", now));
    expect(taken.filter((record) => record !== null)).toEqual([{ ...ticket, loginHash: null }]);
    expect(await stores.tickets.take("hash", now)).toBeNull();
  });

  test("a ticket that is unknown or expired is nothing, and stays nothing when the clock goes back", async () => {
    await stores.tickets.create("old", ticketUntil(now));
    await stores.tickets.create("new", ticketUntil(now + 1));
    expect(await stores.tickets.take("none", now)).toBeNull();
    expect(await stores.tickets.take("old", now)).toBeNull();
    expect(await stores.tickets.deleteExpired(now)).toBe(1);
    expect(await stores.tickets.take("old", now - 1)).toBeNull();
    expect(await stores.tickets.take("new", now)).toEqual({ ...ticketUntil(now + 1), loginHash: null });
  });

  test("a join secret that has expired is nothing, and stays nothing when the clock goes back", async () => {
    await stores.joinSecrets.create("old", now, AGENT_GRANT);
    await stores.joinSecrets.create("new", now + 1, AGENT_GRANT);
    expect(await stores.joinSecrets.take("old", "agent", now)).toEqual({ kind: "unknown" });
    expect(await stores.joinSecrets.take("old", "host", now)).toEqual({ kind: "unknown" });
    expect(await stores.joinSecrets.deleteExpired(now)).toBe(1);
    expect(await stores.joinSecrets.take("old", "agent", now - 1)).toEqual({ kind: "unknown" });
    expect(await stores.joinSecrets.take("new", "agent", now)).toEqual({ kind: "granted", admit: false });
  });

  test("of 100 parallel uses of a join secret one wins", async () => {
    await stores.joinSecrets.create("hash", now + 1_000, AGENT_GRANT);
    const taken = await onBoth((each) => each.joinSecrets.take("hash", "agent", now));
    expect(taken.filter(({ kind }) => kind === "granted")).toHaveLength(1);
  });

  test("a join secret is for one role: the other one neither gets it nor spends it", async () => {
    for (const [hash, admit] of [
      ["waits", false],
      ["in", true],
    ] as const) {
      await stores.joinSecrets.create(hash, now + 1_000, { role: "host", admit });
      expect(await stores.joinSecrets.take(hash, "agent", now)).toEqual({ kind: "otherRole" });
      expect(await stores.joinSecrets.take(hash, "host", now)).toEqual({ kind: "granted", admit });
      expect(await stores.joinSecrets.take(hash, "agent", now)).toEqual({ kind: "unknown" });
    }
  });
});
