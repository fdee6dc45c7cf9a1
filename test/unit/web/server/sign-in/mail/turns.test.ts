import { expect, test } from "vitest";
import { Turns } from "../../../../../../web/server/sign-in/mail/turns.ts";

function openPromise() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

test("so many run, so many wait in their order, and one more is refused", async () => {
  const turns = new Turns({ running: 1, waiting: 2 });
  const order: string[] = [];
  const { promise, resolve } = openPromise();
  const first = turns.take(async () => {
    await promise;
    order.push("first");
  });
  const later = ["second", "third"].map((name) => turns.take(() => Promise.resolve(order.push(name))));
  await expect(turns.take(() => Promise.resolve())).rejects.toMatchObject({ code: "LOGIN_BUSY" });
  expect(order).toEqual([]);
  resolve();
  await Promise.all([first, ...later]);
  expect(order).toEqual(["first", "second", "third"]);
});

test("what fails gives its turn back", async () => {
  const turns = new Turns({ running: 1, waiting: 1 });
  await expect(turns.take(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turns.take(() => Promise.resolve("yes"))).toBe("yes");
});
