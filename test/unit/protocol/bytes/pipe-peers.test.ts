import { describe, expect, it } from "vitest";
import { pipe } from "../../../../protocol/index.ts";
import { makePipeStreams, waitEventLoopTurns } from "./pipe-fixture.ts";

const closed = expect.objectContaining({ name: "PeerClosed", code: "PEER_CLOSED" });

describe("a pipe's peers", () => {
  it("fail: the cause is reported and nobody is destroyed", async () => {
    const broken = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    const one = makePipeStreams();
    const running = pipe(one.from, one.to);
    one.from.destroy(broken);
    await expect(running.ended).rejects.toMatchObject({ code: "PEER_CLOSED", cause: broken });
    expect(one.to.destroyed).toBe(false);

    const other = makePipeStreams();
    const outward = pipe(other.from, other.to);
    other.to.destroy(broken);
    await expect(outward.ended).rejects.toMatchObject({ code: "PEER_CLOSED", cause: broken });
    expect(other.from.destroyed).toBe(false);
    expect(other.from.isPaused()).toBe(true);
  });

  it("close without an end", async () => {
    for (const side of ["from", "to"] as const) {
      const streams = makePipeStreams();
      const running = pipe(streams.from, streams.to);
      streams.source.write("something");
      await waitEventLoopTurns();
      streams[side].destroy();
      await expect(running.ended).rejects.toEqual(closed);
    }
  });

  it("close before what was sent has been taken", async () => {
    const { source, from, to } = makePipeStreams({ highWaterMark: 16 });
    const running = pipe(from, to);
    source.end(Buffer.alloc(5000));
    await waitEventLoopTurns(50);
    to.destroy();
    await expect(running.ended).rejects.toEqual(closed);
  });

  it("were closed or ended before it began", async () => {
    for (const prepare of [
      (streams: ReturnType<typeof makePipeStreams>) => streams.from.destroy(),
      (streams: ReturnType<typeof makePipeStreams>) => streams.to.destroy(),
      (streams: ReturnType<typeof makePipeStreams>) => streams.to.end(),
    ]) {
      const streams = makePipeStreams();
      prepare(streams);
      await waitEventLoopTurns();
      await expect(pipe(streams.from, streams.to).ended).rejects.toEqual(closed);
    }
  });

  it("end the destination themselves", async () => {
    const { from, to, sink } = makePipeStreams();
    sink.resume();
    const running = pipe(from, to);
    to.end();
    await expect(running.ended).rejects.toEqual(closed);
  });

  it("may fail after it is done", async () => {
    const { source, from, to, sink } = makePipeStreams();
    for (const stream of [from, to]) stream.removeAllListeners("error");
    sink.resume();
    const running = pipe(from, to);
    source.end();
    await running.ended;
    from.destroy(new Error("late"));
    to.destroy(new Error("late"));
    await waitEventLoopTurns();
  });

  it("keep no listeners of it but those for errors", async () => {
    const { source, from, to, sink } = makePipeStreams();
    sink.resume();
    const names = ["data", "end", "close", "finish", "drain"];
    const before = names.map((name) => from.listenerCount(name) + to.listenerCount(name));
    const running = pipe(from, to);
    source.end("x");
    await running.ended;
    expect(names.map((name) => from.listenerCount(name) + to.listenerCount(name))).toEqual(before);
  });
});
