import { expect, test, vi } from "vitest";
import { EventStream } from "../../../../../web/server/live/event-stream.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

function open() {
  const clock = new ManualClock();
  const onEnd = vi.fn();
  return { clock, onEnd, stream: new EventStream({ clock, onEnd }) };
}

test("a reader that does not read is dropped after 256 KiB, and nothing is kept for it", async () => {
  const { stream, onEnd, clock } = open();
  const event = { type: "gone", kind: "machine", id: "x".repeat(1000) } as const;
  let sent = 0;
  while (!stream.readable.destroyed) {
    stream.send(event);
    sent += 1;
    expect(sent).toBeLessThan(300);
  }
  expect(sent).toBeGreaterThan(200);
  await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
  expect(clock.pending).toBe(0);
  stream.send(event);
});

test("ending twice, sending after the end: nothing happens", async () => {
  const { stream, onEnd } = open();
  stream.send({ type: "hello" });
  stream.end();
  stream.end();
  stream.send({ type: "images" });
  expect(await stream.readable.setEncoding("utf8").toArray()).toEqual(['data: {"type":"hello"}\n\n']);
  await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
});
