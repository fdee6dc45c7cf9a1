import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { pipe, WebSocketStream } from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { connectPair } from "./socket-pair.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server's end of a WebSocket whose frames are written in place, and the client's. */
async function connectWebSockets(clock: ManualClock) {
  const upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer().listen(0, "127.0.0.1");
  closers.push(() => server.close());
  await once(server, "listening");
  const opened = new Promise<WebSocketStream>((resolve) => {
    server.on("upgrade", (request, connection: Duplex, head) => {
      upgrader.handleUpgrade(request, connection, head, (webSocket) => {
        const ping = { clock, everyMs: 1000 };
        resolve(new WebSocketStream(webSocket, { connection, text: "destroy", ping }));
      });
    });
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on("error", () => undefined);
  closers.push(() => {
    client.terminate();
  });
  return { stream: await opened, client };
}

it("carries frames of every size, between what is written to the stream itself, pings and the close", async () => {
  const clock = new ManualClock();
  const { stream, client } = await connectWebSockets(clock);
  const received = createHash("sha256");
  let count = 0;
  client.on("message", (data: Buffer) => {
    received.update(data);
    count += data.length;
  });
  let pings = 0;
  client.on("ping", () => (pings += 1));
  const [server, from] = await connectPair();
  const sent = createHash("sha256");
  const first = randomBytes(24);
  stream.write(first);
  sent.update(first);
  const down = pipe(from, stream);
  let total = first.length;
  for (const size of [1, 125, 126, 4_096, 65_535, 65_536, 70_000, 300_000, 3, 2_000_000, 17, 5_000]) {
    const picture = randomBytes(size);
    sent.update(picture);
    total += size;
    for (let at = 0; at < size; at += 1_500) {
      if (!server.write(picture.subarray(at, at + 1_500))) await once(server, "drain");
      if (at % 9_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    clock.advance(1000);
  }
  while (count < total) await new Promise((resolve) => setImmediate(resolve));
  expect(received.digest("hex")).toBe(sent.digest("hex"));
  expect(pings).toBe(12);
  stream.closeWith(4000, "the end");
  server.end();
  const closed = once(client, "close");
  await down.ended;
  const [code, reason] = (await closed) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([4000, "the end"]);
});

it("reads whole messages in place, and leaves the others to the WebSocket, in order", async () => {
  const clock = new ManualClock();
  const { stream, client } = await connectWebSockets(clock);
  const [to, server] = await connectPair();
  const received = createHash("sha256");
  let count = 0;
  server.on("data", (chunk: Buffer) => {
    received.update(chunk);
    count += chunk.length;
    if (count % 3 > 0) return;
    server.pause();
    setImmediate(() => server.resume());
  });
  let pongs = 0;
  client.on("pong", () => (pongs += 1));
  const up = pipe(stream, to);
  const sent = createHash("sha256");
  let total = 0;
  const send = (bytes: Buffer): void => {
    sent.update(bytes);
    total += bytes.length;
    client.send(bytes);
  };
  for (let round = 0; round < 30; round += 1) {
    for (const size of [10, 1, 0, 125, 126, 600, 5_000, 70_000, 6]) send(randomBytes(size));
    client.ping();
    for (const fin of [false, false, true]) {
      const part = randomBytes(37);
      sent.update(part);
      total += part.length;
      client.send(part, { fin });
    }
    for (let key = 0; key < 50; key += 1) send(randomBytes(8));
    if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  while (count < total) await new Promise((resolve) => setImmediate(resolve));
  expect(received.digest("hex")).toBe(sent.digest("hex"));
  expect(up.bytes).toBe(total);
  while (pongs < 30) await new Promise((resolve) => setImmediate(resolve));
  client.close();
  await up.ended;
});

it("stops reading while its destination does not take anything", async () => {
  const { stream, client } = await connectWebSockets(new ManualClock());
  const [to, server] = await connectPair();
  server.pause();
  const up = pipe(stream, to);
  const chunk = randomBytes(20_000);
  let offered = 0;
  let stood = 0;
  while (stood < 50) {
    const before = up.bytes;
    if (client.bufferedAmount === 0) {
      client.send(chunk);
      offered += chunk.length;
    }
    await new Promise((resolve) => setImmediate(resolve));
    stood = up.bytes === before ? stood + 1 : 0;
  }
  expect(up.bytes).toBeLessThan(offered);
  const sizes: number[] = [];
  server.on("data", (piece: Buffer) => sizes.push(piece.length));
  server.resume();
  while (sizes.reduce((sum, size) => sum + size, 0) < offered)
    await new Promise((resolve) => setImmediate(resolve));
  expect(up.bytes).toBe(offered);
});

it("takes nothing that follows a close", async () => {
  const { stream, client } = await connectWebSockets(new ManualClock());
  const [to, server] = await connectPair();
  const heard: Buffer[] = [];
  server.on("data", (chunk: Buffer) => heard.push(chunk));
  const up = pipe(stream, to);
  client.send(Buffer.from("before"));
  while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const { _socket: socket } = client as unknown as { readonly _socket: Duplex };
  const frame = (opcode: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
  socket.write(frame(8, Buffer.from([0x03, 0xe8])));
  for (let turn = 0; turn < 20; turn += 1) {
    socket.write(frame(2, Buffer.from("after")));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.terminate();
  await up.ended.catch(() => undefined);
  expect(Buffer.concat(heard).toString()).toBe("before");
});
