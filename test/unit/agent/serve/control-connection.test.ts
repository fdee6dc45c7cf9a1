import { describe, expect, test } from "vitest";
import { ControlConnection, type ControlEnd } from "../../../../agent/serve/control-connection.ts";
import {
  encodeJsonFrame,
  encodePing,
  encodeSetupRequest,
  encodeSetupResponse,
  FrameDecoder,
  FrameType,
  MIP2_LIMITS,
  readFrame,
  type Frame,
} from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { chopEveryByte, createDuplexPair, type MemoryDuplex } from "../../../support/memory-duplex.ts";
import { Inbox } from "../support/inbox.ts";

interface Fixture {
  readonly connection: ControlConnection;
  readonly server: MemoryDuplex;
  readonly clock: ManualClock;
  /** What the server gets. */
  readonly sent: Inbox<Frame>;
  /** What the handlers get. */
  readonly handled: unknown[];
}

function makeFixture(pingIntervalMs = 60_000): Fixture {
  const clock = new ManualClock();
  const [socket, server] = createDuplexPair({ chop: chopEveryByte });
  const handled: unknown[] = [];
  const note = (value: unknown): void => {
    handled.push(value);
  };
  const connection = new ControlConnection(socket, {
    pingIntervalMs,
    clock,
    handlers: {
      onHeard: () => undefined,
      onSetup: note,
      onRequest: note,
      onReply: note,
      onSpareWanted: note,
      onRotate: () => undefined,
      onAuthority: () => undefined,
    },
  });
  const sent = new Inbox<Frame>();
  const decoder = new FrameDecoder(
    () => readFrame(MIP2_LIMITS.body),
    (frame) => {
      sent.push(frame);
    },
  );
  server.on("error", () => undefined);
  server.on("data", (chunk: Buffer) => {
    decoder.push(chunk);
  });
  server.on("end", () => server.end());
  connection.start();
  return { connection, server, clock, sent, handled };
}

describe("a control connection", () => {
  test("frames reach their handlers, and pings are answered with their payload", async () => {
    const { server, sent, handled } = makeFixture();
    const setup = { ticket: Buffer.alloc(16, 1), proxyHost: "gate", proxyPort: 443, desktop: "Desk" };
    const reply = { id: 1, ok: true, result: {} };
    const request = { id: 2, method: "image.list", params: {} };
    server.write(encodeSetupRequest(setup));
    server.write(encodeJsonFrame(FrameType.reply, reply));
    server.write(encodeJsonFrame(FrameType.request, request));
    server.write(encodePing(FrameType.ping, Buffer.from("echo")));
    expect(await sent.next()).toEqual({ type: FrameType.pong, value: Buffer.from("echo") });
    expect(handled).toEqual([setup, reply, request]);
  });

  test("pings go out in time, and an answered path is never taken for dead", async () => {
    const { server, clock, sent } = makeFixture();
    for (let round = 0; round < 10; round++) {
      clock.advance(10_000);
      expect((await sent.next()).type).toBe(FrameType.ping);
      server.write(encodePing(FrameType.pong, Buffer.alloc(0)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.destroyed).toBe(false);
  });

  test("the server may ask for more pings, not for fewer", async () => {
    const { clock, sent } = makeFixture(2000);
    clock.advance(2000);
    expect((await sent.next()).type).toBe(FrameType.ping);
  });

  test("a path without a frame for 30 s is dead", async () => {
    const { connection, clock } = makeFixture();
    let end: ControlEnd | undefined;
    void connection.ended.then((value) => (end = value));
    clock.advance(29_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(end).toBeUndefined();
    clock.advance(1);
    expect(await connection.ended).toMatchObject({ kind: "lost", cause: { code: "PATH_DEAD" } });
    expect(clock.pending).toBe(0);
  });

  test("drain and refusal say how to come back", async () => {
    const drained = makeFixture();
    const drain = { reason: "restart", reconnectWithinMs: 9000 };
    drained.server.write(encodeJsonFrame(FrameType.drain, drain));
    expect(await drained.connection.ended).toEqual({ kind: "drained", reason: "restart", withinMs: 9000 });
    const refused = makeFixture();
    const refusal = { code: "REPLACED", message: "a newer one" };
    refused.server.end(encodeJsonFrame(FrameType.refused, refusal));
    expect(await refused.connection.ended).toMatchObject({
      kind: "refused",
      refusal: { reason: "REPLACED", retryAfterMs: null, isFinal: false },
    });
  });

  test.each([
    ["MIP_UNEXPECTED", encodeSetupResponse({ ticket: Buffer.alloc(16), status: 1, code: "" })],
    ["MIP_MESSAGE", encodeJsonFrame(FrameType.request, { id: "one" })],
    ["MIP_FRAME", Buffer.of(99)],
    ["LENGTH_LIMIT", Buffer.of(FrameType.reply, 0xff, 0xff, 0xff, 0xff)],
  ])("%s ends the connection", async (code, bytes) => {
    const { connection, server } = makeFixture();
    server.write(bytes);
    expect(await connection.ended).toMatchObject({ kind: "lost", cause: { code } });
  });

  test("a server that does not read is given up before it fills our memory", async () => {
    const clock = new ManualClock();
    const [socket, server] = createDuplexPair();
    server.on("error", () => undefined);
    const handlers = {
      onHeard: () => undefined,
      onSetup: () => undefined,
      onRequest: () => undefined,
      onReply: () => undefined,
      onSpareWanted: () => undefined,
      onRotate: () => undefined,
      onAuthority: () => undefined,
    };
    const connection = new ControlConnection(socket, { pingIntervalMs: 60_000, clock, handlers });
    connection.start();
    for (let sent = 0; sent < 12; sent++)
      connection.send(encodeJsonFrame(FrameType.event, { name: "e", data: "x".repeat(1_000_000) }));
    expect(await connection.ended).toMatchObject({ cause: { code: "UNSENT_LIMIT" } });
  });

  test("what was sent before close still arrives", async () => {
    const { connection, sent, clock } = makeFixture();
    connection.send(encodeJsonFrame(FrameType.withdraw, { name: "Desk" }));
    await Promise.all([connection.close(), connection.close()]);
    connection.send(encodeJsonFrame(FrameType.withdraw, { name: "late" }));
    expect((await sent.next()).value).toEqual({ name: "Desk" });
    expect(sent.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
