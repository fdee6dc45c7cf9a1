import { expect, it } from "vitest";
import { AbortableQueue } from "../../../../../launcher/scripts/customize/abortable-queue.ts";

it("does one thing after the other, also after one that failed or was given up", async () => {
  const line = new AbortableQueue();
  const done: string[] = [];
  const calm = new AbortController();
  const given = new AbortController();
  let finish = (): void => undefined;
  const first = line.run(calm.signal, async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    done.push("first");
    throw new Error("it failed");
  });
  const second = line.run(given.signal, () => Promise.resolve(done.push("second")));
  const third = line.run(calm.signal, () => Promise.resolve(done.push("third")));
  given.abort(new Error("given up"));
  await expect(second).rejects.toThrow("given up");
  expect(done).toEqual([]);
  finish();
  await expect(first).rejects.toThrow("it failed");
  await third;
  expect(done).toEqual(["first", "third"]);
  await expect(line.run(given.signal, () => Promise.resolve(1))).rejects.toThrow("given up");
  expect(await line.run(calm.signal, () => Promise.resolve(2))).toBe(2);
});
