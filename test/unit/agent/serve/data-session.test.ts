import { describe, expect, test } from "vitest";
import { DataSession, type DataSessionEnd } from "../../../../agent/serve/data-session.ts";
import { ByteReader } from "../../../support/byte-reader.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair, type MemoryDuplex } from "../../../support/memory-duplex.ts";

interface Fixture {
  readonly session: DataSession;
  readonly viewer: MemoryDuplex;
  readonly server: MemoryDuplex;
  readonly clock: ManualClock;
}

function makeFixture(): Fixture {
  const [data, viewer] = createDuplexPair();
  const [endpoint, server] = createDuplexPair();
  for (const stream of [viewer, server]) stream.on("error", () => undefined);
  const clock = new ManualClock();
  return { session: new DataSession(data, endpoint, clock), viewer, server, clock };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a data session", () => {
  test("both ends in order: bytes counted, no cause, no timer left", async () => {
    const { session, viewer, server, clock } = makeFixture();
    const atServer = new ByteReader(server);
    const atViewer = new ByteReader(viewer);
    viewer.end("keys");
    expect((await atServer.readToEnd()).toString()).toBe("keys");
    server.end("pixels");
    expect((await atViewer.readToEnd()).toString()).toBe("pixels");
    expect(await session.ended).toEqual({ bytesToViewer: 6, bytesToServer: 4, cause: null });
    expect(clock.pending).toBe(0);
  });

  test.each([false, true])(
    "input that waited while the process stood still is not passed on, requests for pictures and releases are (timer first: %s)",
    async (timerFirst) => {
      const { session, viewer, server, clock } = makeFixture();
      const request = Buffer.from([3, 1, 0, 0, 0, 0, 0, 9, 0, 9]);
      const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);
      const received: Buffer[] = [];
      server.on("data", (chunk: Buffer) => received.push(chunk));
      clock.advance(60_000);
      viewer.write(key);
      await settle();
      // Stopped, as by SIGSTOP: time passes and no timer runs.
      const running = clock.monotonic.bind(clock);
      clock.monotonic = () => running() + 5_000;
      if (timerFirst) clock.advance(1_000);
      const release = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0x61]);
      viewer.write(request);
      viewer.write(release);
      viewer.write(key);
      expect((await session.ended).cause).toMatchObject({ code: "AGENT_STALLED" });
      expect(Buffer.concat(received)).toEqual(Buffer.concat([key, request, release]));
      expect(clock.pending).toBe(0);
    },
  );

  test("input that comes after the process has run again for a while passes", async () => {
    const { viewer, server, clock } = makeFixture();
    const running = clock.monotonic.bind(clock);
    clock.monotonic = () => running() + 5_000;
    clock.advance(1_000);
    await settle();
    viewer.end("keys");
    expect((await new ByteReader(server).readToEnd()).toString()).toBe("keys");
  });

  test("a side that breaks off takes the other with it", async () => {
    const { session, viewer, server } = makeFixture();
    viewer.destroy();
    expect((await session.ended).cause).toMatchObject({ code: "PEER_CLOSED" });
    expect(server.destroyed).toBe(true);
  });

  test("one direction over: the other goes on while it moves, and ends when it falls silent", async () => {
    const { session, viewer, server, clock } = makeFixture();
    let end: DataSessionEnd | undefined;
    void session.ended.then((value) => (end = value));
    viewer.resume();
    viewer.end();
    await new ByteReader(server).readToEnd();
    await settle();
    for (let round = 0; round < 5; round++) {
      server.write("pixels");
      await settle();
      clock.advance(30_000);
      await settle();
    }
    expect(end).toBeUndefined();
    clock.advance(30_000);
    expect((await session.ended).cause).toMatchObject({ code: "HALF_CLOSED" });
  });

  test("close lets out what is buffered, and waits no longer than the grace period", async () => {
    const { session, viewer, server, clock } = makeFixture();
    server.write("last pixels");
    await settle();
    session.close();
    session.close();
    const reader = new ByteReader(viewer);
    expect((await reader.readToEnd()).toString()).toBe("last pixels");
    clock.advance(2000);
    expect((await session.ended).cause).toMatchObject({ code: "AGENT_CLOSING" });
    expect(clock.pending).toBe(0);
  });
});
