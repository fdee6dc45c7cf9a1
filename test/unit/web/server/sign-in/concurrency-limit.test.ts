import { expect, test } from "vitest";
import { ConcurrencyLimit } from "../../../../../web/server/sign-in/concurrency-limit.ts";

function open() {
  let resolve: (value: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { work: () => promise, resolve, reject };
}

test("so many run at once, so many wait in their order, and one more is told so", async () => {
  const limit = new ConcurrencyLimit({ running: 1, waiting: 2 });
  const started: string[] = [];
  const jobs = ["a", "b", "c"].map((name) => ({ name, ...open() }));
  const results = jobs.map(({ name, work }) =>
    limit.run(() => {
      started.push(name);
      return work();
    }),
  );
  await expect(limit.run(() => Promise.resolve("d"))).rejects.toMatchObject({ code: "LOGIN_BUSY" });
  expect(started).toEqual(["a"]);
  jobs[0]?.reject(new Error("failed"));
  await expect(results[0]).rejects.toThrow("failed");
  expect(started).toEqual(["a", "b"]);
  jobs[1]?.resolve("B");
  jobs[2]?.resolve("C");
  expect(await Promise.all(results.slice(1))).toEqual(["B", "C"]);
  expect(await limit.run(() => Promise.resolve("free again"))).toBe("free again");
});

test("who is known goes before strangers, and has places when theirs are taken", async () => {
  const limit = new ConcurrencyLimit({ running: 1, waiting: 2 });
  const started: string[] = [];
  const first = open();
  const start = (name: string) => () => {
    started.push(name);
    return Promise.resolve(name);
  };
  const all = [
    limit.run(first.work),
    limit.run(start("stranger 1")),
    limit.run(start("stranger 2"), "stranger"),
    limit.run(start("known 1"), "known"),
    limit.run(start("known 2"), "known"),
  ];
  for (const who of ["stranger", "known"] as const)
    await expect(limit.run(start("too many"), who)).rejects.toMatchObject({ code: "LOGIN_BUSY" });
  first.resolve("done");
  await Promise.all(all);
  expect(started).toEqual(["known 1", "known 2", "stranger 1", "stranger 2"]);
});
