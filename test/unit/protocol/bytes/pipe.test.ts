import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Conversation, LimitError, pipe, MIN_HIGH_WATER_BYTES, u32 } from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import type { MemoryDuplex } from "../../../support/memory-duplex.ts";
import { collectText, makePipeStreams, waitEventLoopTurns } from "./pipe-fixture.ts";

/** The sizes of the chunks that are written to a stream from now on. */
function observeWrites(stream: MemoryDuplex): number[] {
  const sizes: number[] = [];
  const write = stream._write.bind(stream);
  stream._write = (chunk: Buffer, encoding, done) => {
    sizes.push(chunk.length);
    write(chunk, encoding, done);
  };
  return sizes;
}

describe("a pipe", () => {
  it("moves everything, then the end, and leaves the other direction open", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const running = pipe(from, to);
    source.write("hello ");
    source.end("world");
    await Promise.all([running.ended, received.ended]);
    expect(received.text()).toBe("hello world");
    expect(running.bytes).toBe(11);

    const back = pipe(to, from);
    const answer = collectText(source);
    sink.end("an answer");
    await Promise.all([back.ended, answer.ended]);
    expect(answer.text()).toBe("an answer");
  });

  it("begins with the bytes that a conversation left unread", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const peer = new Conversation(from, { deadlineMs: 1000, maxBytes: 100 }, new ManualClock());
    source.write("1234unread");
    await peer.read(u32());
    const received = collectText(sink);
    const running = pipe(peer.release(), to);
    source.end(" and later");
    await running.ended;
    await received.ended;
    expect(received.text()).toBe("unread and later");
  });

  it("takes over a source that has ended already, and one whose unread bytes are its last", async () => {
    const one = makePipeStreams();
    one.source.end();
    one.from.resume();
    await new Promise((resolve) => one.from.once("end", resolve));
    await pipe(one.from, one.to).ended;

    const other = makePipeStreams();
    other.source.end("last");
    await waitEventLoopTurns();
    const received = collectText(other.sink);
    await pipe(other.from, other.to).ended;
    await received.ended;
    expect(received.text()).toBe("last");
  });

  it("pauses its source at the mark and goes on below half of it", async () => {
    const { source, from, to, sink } = makePipeStreams({ highWaterMark: 1024 });
    const running = pipe(from, to);
    const chunk = Buffer.alloc(50_000, 0x61);
    const total = 100 * chunk.length;
    for (let i = 0; i < 100; i++) source.write(chunk);
    await waitEventLoopTurns(200);
    expect(from.isPaused()).toBe(true);
    // The destination holds one piece; what else was read waits in the pipe.
    expect(to.writableLength).toBe(chunk.length);
    expect(running.bytes).toBeGreaterThanOrEqual(MIN_HIGH_WATER_BYTES);
    expect(running.bytes).toBeLessThan(MIN_HIGH_WATER_BYTES + 3 * chunk.length);

    let received = 0;
    while (from.isPaused()) {
      received += (sink.read() as Buffer | null)?.length ?? 0;
      await waitEventLoopTurns(1);
    }
    // It goes on when enough was taken, and not before anything was.
    expect(received).toBeGreaterThan(0);
    await waitEventLoopTurns(2);
    expect(running.bytes).toBeGreaterThan(MIN_HIGH_WATER_BYTES + 3 * chunk.length);

    sink.on("data", (more: Buffer) => (received += more.length));
    source.end();
    await running.ended;
    await waitEventLoopTurns();
    expect(received).toBe(total);
    expect(running.bytes).toBe(total);
  });

  it("does not depend on the destination's own high-water mark", async () => {
    const { source, from, to } = makePipeStreams({ highWaterMark: 1 });
    const running = pipe(from, to);
    for (let i = 0; i < 20; i++) source.write(Buffer.alloc(10));
    await waitEventLoopTurns(60);
    expect(from.isPaused()).toBe(false);
    expect(running.bytes).toBe(200);
  });

  it("writes a lone small chunk at once, and what comes while one is written together behind it", async () => {
    const { source, from, to } = makePipeStreams({ highWaterMark: 1024 * 1024 });
    pipe(from, to);
    const sizes = observeWrites(to);
    source.write(Buffer.alloc(10));
    await waitEventLoopTurns();
    expect(sizes).toEqual([10]);

    for (const size of [20, 30, 40]) source.write(Buffer.alloc(size));
    await waitEventLoopTurns();
    expect(sizes.slice(0, 2)).toEqual([10, 20]);
    expect(sizes.slice(2).reduce((sum, size) => sum + size)).toBe(70);
  });

  it("gathers the chunks of several turns once every turn has one, and what is left when no more come", async () => {
    // No time passes: the chunks come closely behind each other.
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { source, from, to, sink } = makePipeStreams({ highWaterMark: 1024 * 1024 });
    const running = pipe(from, to);
    const sizes = observeWrites(to);
    const received = collectText(sink);
    for (let turn = 0; turn < 22; turn++) {
      source.write(Buffer.alloc(10, 0x61));
      await waitEventLoopTurns(1);
    }
    await waitEventLoopTurns();
    expect(sizes[0]).toBe(10);
    expect(Math.max(...sizes)).toBe(40);
    expect(sizes.length).toBeLessThan(11);
    expect(received.text()).toHaveLength(220);
    expect(running.bytes).toBe(220);
  });

  it("shows each chunk to what it goes through, which decides", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const running = pipe(from, to, (chunk, forward) => {
      const text = chunk.toString();
      if (text === "drop") return;
      forward(Buffer.from(`<${text}`));
      forward(Buffer.from(">"));
    });
    for (const text of ["one", "drop", "two"]) {
      source.write(text);
      await waitEventLoopTurns(1);
    }
    source.end();
    await running.ended;
    await received.ended;
    expect(received.text()).toBe("<one><two>");
    expect(running.bytes).toBe(10);
  });

  it("stops with what it goes through throws, and what was forwarded before still arrives", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const cause = new LimitError("LENGTH_LIMIT", "too long");
    const running = pipe(from, to, (chunk, forward) => {
      forward(chunk.subarray(0, 4));
      throw cause;
    });
    source.write("goodbad");
    await expect(running.ended).rejects.toBe(cause);
    source.write("more");
    await waitEventLoopTurns();
    expect(received.text()).toBe("good");
    expect(to.destroyed).toBe(false);
    expect(from.destroyed).toBe(false);
  });

  it("leaves unread bytes for the next when it is stopped", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const first = pipe(from, to);
    source.write("one ");
    await waitEventLoopTurns();
    first.stop();
    first.stop();
    await expect(first.ended).rejects.toMatchObject({ name: "PeerClosed", code: "ABORTED" });
    source.write("two ");
    await waitEventLoopTurns();
    expect(received.text()).toBe("one ");
    const second = pipe(from, to);
    source.end("three");
    await second.ended;
    await received.ended;
    expect(received.text()).toBe("one two three");
  });

  it("still writes what it has read when it is stopped in between", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const running = pipe(from, to);
    from.once("data", () => {
      running.stop();
    });
    source.write(Buffer.alloc(20_000, 0x61));
    await waitEventLoopTurns();
    expect(received.text()).toHaveLength(20_000);
  });
});

describe("any stream of bytes", () => {
  it("arrives whole and in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 100_000 }),
        async (sizes, highWaterMark) => {
          const { source, from, to, sink } = makePipeStreams({ highWaterMark });
          const sent = createHash("sha256");
          const received = createHash("sha256");
          sink.on("data", (chunk: Buffer) => received.update(chunk));
          const running = pipe(from, to);
          for (const size of sizes) {
            const chunk = randomBytes(size);
            sent.update(chunk);
            source.write(chunk);
            if (size % 3 === 0) await waitEventLoopTurns(1);
          }
          source.end();
          await running.ended;
          await waitEventLoopTurns(1);
          expect(received.digest("hex")).toBe(sent.digest("hex"));
        },
      ),
      { numRuns: 60 },
    );
  });
});
