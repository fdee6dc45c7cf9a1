import { expect, test } from "vitest";
import { KeyedQueue } from "../../../protocol/keyed-queue.ts";

test("one key's tasks wait for each other, another key's do not, and a failure holds up nobody", async () => {
  const turns = new KeyedQueue();
  const done: string[] = [];
  let finish: () => void = () => undefined;
  const first = turns.run("a", async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    done.push("a1");
    throw new Error("broken");
  });
  const second = turns.run("a", () => Promise.resolve(void done.push("a2")));
  await turns.run("b", () => Promise.resolve(void done.push("b1")));
  finish();
  await expect(first).rejects.toThrow("broken");
  await second;
  expect(done).toEqual(["b1", "a1", "a2"]);
  await turns.idle();
});
