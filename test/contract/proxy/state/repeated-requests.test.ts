import { afterEach, beforeEach, expect, test } from "vitest";
import type { BegunRequest, Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

const MOST = 3;

describeDatabases("requests that are sent again", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let other: Stores;
  let now: number;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    other = await database.open();
    now = database.clock.time;
  });
  afterEach(() => database.close());

  const describeRequest = (change: Partial<BegunRequest> = {}): BegunRequest => ({
    ...{ key: "key", owner: "u1", request: "make it", heldUntil: now + 10, expiresAt: now + 100 },
    ...change,
  });
  const begin = (store: Stores, request: BegunRequest, at = now) =>
    store.repeatedRequests.begin(request, at, MOST);

  test("of many at once, on two servers, one begins; then all get its answer", async () => {
    const states = await Promise.all(
      Array.from({ length: 20 }, (_, index) => begin(index % 2 === 0 ? stores : other, describeRequest())),
    );
    expect(states.filter(({ kind }) => kind === "begun")).toHaveLength(1);
    expect(states.filter(({ kind }) => kind === "running")).toHaveLength(19);
    await other.repeatedRequests.finish(describeRequest(), 201, "made");
    expect(await begin(stores, describeRequest())).toEqual({ kind: "done", status: 201, answer: "made" });
    expect(await begin(stores, describeRequest({ request: "another" }))).toEqual({ kind: "other" });
    // It was finished: it comes to nothing no more.
    await stores.repeatedRequests.forget(describeRequest());
    expect(await begin(stores, describeRequest())).toMatchObject({ kind: "done" });
  });

  test("an answer that is not kept is known to have been given", async () => {
    await begin(stores, describeRequest());
    await stores.repeatedRequests.finish(describeRequest(), 201, null);
    expect(await begin(stores, describeRequest())).toEqual({ kind: "done", status: 201, answer: null });
  });

  test("what came to nothing begins anew, and so does what a server left behind", async () => {
    await begin(stores, describeRequest());
    await stores.repeatedRequests.forget(describeRequest());
    expect(await begin(stores, describeRequest())).toEqual({ kind: "begun" });
    const later = describeRequest({ heldUntil: now + 30 });
    expect(await begin(other, later, now + 9)).toEqual({ kind: "running" });
    expect(await begin(other, describeRequest({ request: "another" }), now + 10)).toEqual({ kind: "other" });
    expect(await begin(other, later, now + 10)).toEqual({ kind: "begun" });
    // The first one comes back: its answer is not the one that counts.
    await stores.repeatedRequests.finish(describeRequest(), 201, "late");
    expect(await begin(stores, later, now + 11)).toEqual({ kind: "running" });
    await other.repeatedRequests.finish(later, 201, "made");
    expect(await begin(stores, later, now + 12)).toMatchObject({ answer: "made" });
  });

  test("an account has so many and no more, until they expire; the same key then stands for something new", async () => {
    for (const key of ["a", "b", "c"])
      expect(await begin(stores, describeRequest({ key }))).toEqual({ kind: "begun" });
    expect(await begin(stores, describeRequest({ key: "d" }))).toEqual({ kind: "full" });
    expect(await begin(stores, describeRequest({ key: "d", owner: "u2" }))).toEqual({ kind: "begun" });
    const next = describeRequest({ key: "a", request: "another", expiresAt: now + 200 });
    expect(await begin(stores, next, now + 100)).toEqual({ kind: "begun" });
    expect(await stores.repeatedRequests.deleteExpired(now + 100)).toBe(3);
  });
});
