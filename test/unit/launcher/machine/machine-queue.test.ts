import { pino } from "pino";
import { expect, test } from "vitest";
import { MachineQueue } from "../../../../launcher/machine/machine-queue.ts";

const log = pino({ level: "silent" });

test("work runs in order, a fault does not end it, and exclusive work is alone", async () => {
  const queue = new MachineQueue(log);
  const done: string[] = [];
  let release = (): void => undefined;
  queue.enqueue(() => new Promise((resolve) => (release = resolve)));
  queue.enqueue(() => Promise.reject(new Error("fault")));
  queue.enqueue(() => {
    done.push("third");
    return Promise.resolve();
  });
  await Promise.resolve();
  expect(done).toEqual([]);
  release();
  await queue.whenIdle();
  expect(done).toEqual(["third"]);

  const exclusive = queue.runExclusive(() => new Promise<void>((resolve) => (release = resolve)));
  expect(queue.busy).toBe(true);
  await expect(queue.runExclusive(() => Promise.resolve())).rejects.toMatchObject({ code: "MACHINE_BUSY" });
  release();
  await exclusive;
  expect(queue.busy).toBe(false);
  await expect(queue.runExclusive(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await queue.runExclusive(() => Promise.resolve());
});
