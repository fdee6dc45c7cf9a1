import { once } from "node:events";
import { expect, test } from "vitest";
import { FrameChannel, u8, type FramePace } from "../../../../protocol/index.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";
import { waitFor } from "../../../support/wait-for.ts";

const LIMIT = 4;
const FREE: FramePace = { isSpent: () => false, later: setImmediate };

function open(pace: FramePace, onFrame: (frame: number) => void | Promise<void>) {
  const [near, far] = createDuplexPair();
  far.on("error", () => undefined);
  const ends: Error[] = [];
  const channel = new FrameChannel<number>(near, {
    grammar: u8,
    onFrame,
    onEnd: (cause) => ends.push(cause),
    describeEnd: (end) => new Error(end),
    backpressure: { inProgress: LIMIT, pace },
    unsentBytes: 1_000,
    liveness: null,
  });
  channel.start();
  return { near, far, channel, ends };
}

test("with as many frames in progress as may be, nothing more is read or delivered", async () => {
  const seen: number[] = [];
  const settle: (() => void)[] = [];
  const { near, far } = open(FREE, (frame) => {
    seen.push(frame);
    return new Promise((resolve) => settle.push(resolve));
  });
  far.write(Buffer.from([1, 2, 3, 4, 5, 6]));
  await waitFor("the first frames", () => seen.length === LIMIT);
  expect(near.isPaused()).toBe(true);
  far.write(Buffer.from([7]));
  await new Promise(setImmediate);
  expect(seen).toEqual([1, 2, 3, 4]);
  settle[0]?.();
  await waitFor("one more", () => seen.length === LIMIT + 1);
  expect(near.isPaused()).toBe(true);
  for (let next = 1; next < 7; next += 1) {
    await waitFor("its turn", () => settle.length > next);
    settle[next]?.();
  }
  await waitFor("all frames", () => seen.length === 7);
  await waitFor("reading again", () => !near.isPaused());
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("frames that cost time are spread over turns of the event loop, in their order", async () => {
  const seen: number[] = [];
  const waiting: (() => void)[] = [];
  const pace = { isSpent: () => true, later: (next: () => void) => waiting.push(next) };
  const { far } = open(pace, (frame) => void seen.push(frame));
  far.write(Buffer.from([1, 2, 3]));
  for (let frame = 1; frame <= 3; frame += 1) {
    await waitFor("a pause", () => waiting.length === 1);
    expect(seen).toHaveLength(frame);
    waiting.shift()?.();
  }
  expect(seen).toEqual([1, 2, 3]);
});

test("work that settles after the end delivers nothing more, and the end comes although it was paused", async () => {
  const seen: number[] = [];
  const settle: (() => void)[] = [];
  const { near, far, channel, ends } = open(FREE, (frame) => {
    seen.push(frame);
    return new Promise((resolve) => settle.push(resolve));
  });
  far.write(Buffer.from([1, 2, 3, 4, 5]));
  await waitFor("the pause", () => near.isPaused());
  const closed = once(near, "close");
  channel.destroy(new Error("enough"));
  for (const one of settle) one();
  await closed;
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(ends.map(({ message }) => message)).toEqual(["enough"]);
});
