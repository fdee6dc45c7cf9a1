import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Conversation, LimitError, pipe, MIN_HIGH_WATER_BYTES, u32 } from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { collectText, makePipeStreams, waitEventLoopTurns } from "./pipe-fixture.ts";

describe("pump", () => {
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
    expect(to.writableLength).toBeGreaterThanOrEqual(MIN_HIGH_WATER_BYTES);
    expect(to.writableLength).toBeLessThan(MIN_HIGH_WATER_BYTES + chunk.length);
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
    pipe(from, to);
    for (let i = 0; i < 20; i++) source.write(Buffer.alloc(10));
    await waitEventLoopTurns(60);
    expect(from.isPaused()).toBe(false);
    expect(to.writableLength).toBeGreaterThan(100);
  });

  it("keeps small chunks uncorked and gathers large ones for one turn", async () => {
    const { source, from, to } = makePipeStreams({ highWaterMark: 1024 * 1024 });
    pipe(from, to);
    const corks: number[] = [];
    from.on("data", () => corks.push(to.writableCorked));
    source.write(Buffer.alloc(15_999));
    source.write(Buffer.alloc(16_000));
    source.write(Buffer.alloc(10));
    await waitEventLoopTurns();
    expect(corks).toEqual([0, 1, 1]);
    expect(to.writableCorked).toBe(0);
    expect(to.writableLength).toBe(0);
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

  it("uncorks when it is stopped in between", async () => {
    const { source, from, to, sink } = makePipeStreams();
    const received = collectText(sink);
    const running = pipe(from, to);
    from.once("data", () => {
      running.stop();
    });
    source.write(Buffer.alloc(20_000, 0x61));
    await waitEventLoopTurns();
    expect(to.writableCorked).toBe(0);
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
