import { expect, it } from "vitest";
import { WaitingLine } from "../../../../../launcher/scripts/customize/waiting-line.ts";

it("does one thing after the other, also after one that failed or was given up", async () => {
  const line = new WaitingLine();
  const done: string[] = [];
  const calm = new AbortController();
  const given = new AbortController();
  let finish = (): void => undefined;
  const first = line.take(calm.signal, async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    done.push("first");
    throw new Error("it failed");
  });
  const second = line.take(given.signal, () => Promise.resolve(done.push("second")));
  const third = line.take(calm.signal, () => Promise.resolve(done.push("third")));
  given.abort(new Error("given up"));
  await expect(second).rejects.toThrow("given up");
  expect(done).toEqual([]);
  finish();
  await expect(first).rejects.toThrow("it failed");
  await third;
  expect(done).toEqual(["first", "third"]);
  await expect(line.take(given.signal, () => Promise.resolve(1))).rejects.toThrow("given up");
  expect(await line.take(calm.signal, () => Promise.resolve(2))).toBe(2);
});
