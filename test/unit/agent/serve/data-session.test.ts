import { describe, expect, test } from "vitest";
import { AGENT_LIMITS } from "../../../../agent/agent-limits.ts";
import { DataSession, type DataSessionEnd } from "../../../../agent/serve/data-session.ts";
import { ServerPath } from "../../../../agent/serve/server-path.ts";
import { ByteReader } from "../../../support/byte-reader.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair, type MemoryDuplex } from "../../../support/memory-duplex.ts";

interface Fixture {
  readonly session: DataSession;
  readonly viewer: MemoryDuplex;
  readonly server: MemoryDuplex;
  readonly clock: ManualClock;
  readonly path: ServerPath;
  /** Frames by which the agent asked the server whether it is there. */
  readonly probes: Buffer[];
}

function makeFixture(): Fixture {
  const [data, viewer] = createDuplexPair();
  const [endpoint, server] = createDuplexPair();
  for (const stream of [viewer, server]) stream.on("error", () => undefined);
  const clock = new ManualClock();
  const path = new ServerPath(clock);
  const probes: Buffer[] = [];
  path.attach((frame) => {
    probes.push(frame);
    path.hear();
  });
  return { session: new DataSession(data, endpoint, { clock, path }), viewer, server, clock, path, probes };
}

/** Chunks that come closely behind each other wait for a few turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

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
    clock.advance(11_000);
    await settle();
    viewer.end("keys");
    expect((await new ByteReader(server).readToEnd()).toString()).toBe("keys");
  });

  describe("behind a halt of the path", () => {
    const KEY = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);
    const RELEASE = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0x61]);
    const EXTENDED_RELEASE = Buffer.from([255, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0x1e]);
    const REQUEST = Buffer.from([3, 1, 0, 0, 0, 0, 0, 9, 0, 9]);

    /** Nothing is heard for a while, and then the control connection is, or it is not. */
    async function halt({ heardFirst, ms = 10_000 }: { heardFirst: boolean; ms?: number }) {
      const made = makeFixture();
      const received: Buffer[] = [];
      made.server.on("data", (chunk: Buffer) => received.push(chunk));
      made.viewer.write(REQUEST);
      await settle();
      made.path.attach(() => undefined);
      made.clock.advance(ms);
      if (heardFirst) made.path.hear();
      received.length = 0;
      return { ...made, received: () => Buffer.concat(received) };
    }

    test.each([true, false])(
      "what was typed into it does not run when its viewer is gone (control connection first: %s)",
      async (heardFirst) => {
        const { session, viewer, server, clock, received } = await halt({ heardFirst });
        viewer.write(Buffer.concat([REQUEST, RELEASE, EXTENDED_RELEASE]));
        viewer.write(KEY);
        viewer.write(KEY);
        await settle();
        viewer.end();
        await new ByteReader(server).readToEnd();
        clock.advance(AGENT_LIMITS.doubtMs);
        expect(received()).toEqual(Buffer.concat([REQUEST, RELEASE, EXTENDED_RELEASE]));
        server.end();
        expect((await session.ended).cause).toBeNull();
        expect(clock.pending).toBe(0);
      },
    );

    test("what a viewer types that is still there comes a moment later, in its order", async () => {
      const { viewer, clock, received } = await halt({ heardFirst: true });
      viewer.write(KEY);
      viewer.write(REQUEST);
      await settle();
      expect(received()).toEqual(Buffer.alloc(0));
      clock.advance(AGENT_LIMITS.doubtMs);
      await settle();
      expect(received()).toEqual(Buffer.concat([KEY, REQUEST]));
    });

    test("doubt lasts as long again as the halt", async () => {
      const { viewer, clock, path, received } = await halt({ heardFirst: true });
      for (let second = 0; second < 10; second += 1) {
        clock.advance(1_000);
        path.hear();
      }
      viewer.write(KEY);
      await settle();
      expect(received()).toEqual(KEY);
    });

    test("a halt that nobody calls one costs nothing", async () => {
      const { viewer, received } = await halt({ heardFirst: true, ms: AGENT_LIMITS.stallMs });
      viewer.write(KEY);
      await settle();
      expect(received()).toEqual(KEY);
    });

    test("a connection that went on meanwhile had no halt", async () => {
      const { viewer, clock, received } = await halt({ heardFirst: false, ms: 3_000 });
      for (let second = 0; second < 20; second += 1) {
        viewer.write(REQUEST);
        await settle();
        clock.advance(1_000);
      }
      viewer.write(KEY);
      await settle();
      expect(received().subarray(-KEY.length)).toEqual(KEY);
    });

    test("more than may wait ends the connection", async () => {
      const { session, viewer, received } = await halt({ heardFirst: true });
      const cut = Buffer.alloc(AGENT_LIMITS.doubtfulBytes, 4);
      viewer.write(cut);
      viewer.write(KEY);
      expect((await session.ended).cause).toMatchObject({ code: "AGENT_STALLED" });
      expect(received()).toEqual(Buffer.alloc(0));
    });
  });

  describe("with a VNC server on another host", () => {
    async function watchTcp(counts: readonly (number | null)[]) {
      const [data, viewer] = createDuplexPair();
      const [endpoint, server] = createDuplexPair();
      for (const stream of [viewer, server]) stream.on("error", () => undefined);
      const clock = new ManualClock();
      const path = new ServerPath(clock);
      const looks = [...counts];
      let resets = 0;
      const tcp = {
        countRetransmissions: () => Promise.resolve(looks.shift() ?? null),
        reset: () => {
          resets += 1;
        },
      };
      const session = new DataSession(data, endpoint, { clock, path, tcp });
      server.resume();
      viewer.resume();
      const tick = async () => {
        clock.advance(AGENT_LIMITS.runTickMs);
        await settle();
      };
      viewer.write("keys");
      await settle();
      return { session, viewer, server, tick, looks, resets: () => resets };
    }

    test("that does not acknowledge what is sent again and again, it ends, and nothing of that runs later", async () => {
      const { session, tick, resets } = await watchTcp([0, 2, 3, 4]);
      for (let times = 0; times < 3; times += 1) await tick();
      expect(resets()).toBe(0);
      await tick();
      expect((await session.ended).cause).toMatchObject({ code: "ENDPOINT_SILENT" });
      expect(resets()).toBe(1);
    });

    test("the kernel is asked only while something may wait", async () => {
      const { viewer, server, tick, looks } = await watchTcp([1, null, 0, 0, 0]);
      await tick();
      for (let times = 0; times < 5; times += 1) await tick();
      expect(looks).toHaveLength(3);
      viewer.write("more");
      server.write("pixels");
      await settle();
      await tick();
      expect(looks).toHaveLength(3);
      await tick();
      expect(looks).toHaveLength(2);
    });
  });

  test("while it lasts, the server is asked every two seconds whether it is there", () => {
    const { clock, probes } = makeFixture();
    clock.advance(20_000);
    expect(probes.length).toBeGreaterThanOrEqual(9);
    expect(probes.length).toBeLessThanOrEqual(11);
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
