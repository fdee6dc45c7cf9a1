import { expect, test } from "vitest";
import type { LiveEvent } from "../../../../../web/api/schemas.ts";
import { EventBatches } from "../../../../../web/client/live/event-batches.ts";
import { makeMachine } from "../api-records.ts";

function open() {
  const frames: (() => void)[] = [];
  const batches: (readonly LiveEvent[])[] = [];
  const collector = new EventBatches(
    (run) => {
      frames.push(run);
      return () => frames.splice(frames.indexOf(run), 1);
    },
    (events) => batches.push(events),
  );
  const draw = () => {
    for (const run of frames.splice(0)) run();
  };
  return { frames, batches, collector, draw };
}

const machine = (id: string, state: "queued" | "running" = "queued"): LiveEvent => ({
  type: "machine",
  machine: makeMachine({ id, state }),
});

test("a burst is one change of the page, with the newest of each object", () => {
  const { frames, batches, collector, draw } = open();
  for (let index = 0; index < 100; index += 1) collector.add(machine(`m${index}`));
  for (let index = 0; index < 50; index += 1) collector.add(machine(`m${index}`, "running"));
  collector.add({ type: "gone", kind: "machine", id: "m7" });
  expect([frames.length, batches.length]).toEqual([1, 0]);
  draw();
  expect(batches).toHaveLength(1);
  expect(batches[0]).toHaveLength(100);
  expect(batches[0]?.at(-1)).toEqual({ type: "gone", kind: "machine", id: "m7" });
  draw();
  expect(batches).toHaveLength(1);
  collector.add(machine("m1"));
  draw();
  expect(batches).toHaveLength(2);
});

test("what must not wait for a frame does not, and nothing comes after the end", () => {
  const { frames, batches, collector } = open();
  collector.add({ type: "hello" });
  collector.flush();
  expect(batches).toEqual([[{ type: "hello" }]]);
  expect(frames).toEqual([]);
  collector.add({ type: "images" });
  collector.close();
  expect(frames).toEqual([]);
  collector.flush();
  expect(batches).toHaveLength(1);
});
