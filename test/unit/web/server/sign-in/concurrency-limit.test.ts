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
