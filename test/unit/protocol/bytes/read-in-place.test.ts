import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough, type Duplex } from "node:stream";
import tls from "node:tls";
import { expect, it } from "vitest";
import { releasesChunks, readInPlace } from "../../../../protocol/bytes/read-in-place.ts";
import { pipe } from "../../../../protocol/index.ts";
import { makeCa, makeLeaf } from "../../agent/support/certificates.ts";
import { SlowStream } from "./slow-stream.ts";
import { connectPair } from "./socket-pair.ts";

const { keyPem: key, pem: cert } = makeLeaf(makeCa("a CA"));
const CERTIFICATE = { key, cert };

type Pair = [Duplex, Duplex];

async function tlsPair(): Promise<Pair> {
  const [near, far] = await connectPair();
  const secureContext = tls.createSecureContext(CERTIFICATE);
  const server = new tls.TLSSocket(far, { isServer: true, secureContext });
  const client = tls.connect({ socket: near, rejectUnauthorized: false });
  await once(client, "secureConnect");
  for (const socket of [server, client]) socket.on("error", () => undefined);
  return [client, server];
}

const PAIRS: Record<string, () => Promise<Pair>> = { plain: connectPair, TLS: tlsPair };
const WAYS = ["plain", "TLS"].flatMap((from) => ["plain", "TLS"].map((to) => [from, to] as const));

it.each(WAYS)(
  "%s to %s: every byte arrives, for a reader that stops and starts",
  async (fromKind, toKind) => {
    const [server, from] = await (PAIRS[fromKind] as () => Promise<Pair>)();
    const [to, viewer] = await (PAIRS[toKind] as () => Promise<Pair>)();
    expect(releasesChunks(to)).toBe(true);
    const down = pipe(from, to);
    const sent = createHash("sha256");
    const received = createHash("sha256");
    let count = 0;
    viewer.on("data", (chunk: Buffer) => {
      received.update(chunk);
      count += 1;
      if (count % 5 !== 0) return;
      viewer.pause();
      setImmediate(() => viewer.resume());
    });
    let total = 0;
    for (const size of [1, 17, 4096, 16_384, 16_385, 70_000, 300_000, 1_000_000, 3, 65_536, 2_000_000]) {
      const picture = randomBytes(size);
      total += size;
      sent.update(picture);
      if (!server.write(picture)) await once(server, "drain");
    }
    server.end();
    await Promise.all([down.ended, once(viewer, "end")]);
    expect(received.digest("hex")).toBe(sent.digest("hex"));
    expect(down.bytes).toBe(total);
  },
);

it.each(WAYS)("%s to %s: a filter edits the stream in place", async (fromKind, toKind) => {
  const [server, from] = await (PAIRS[fromKind] as () => Promise<Pair>)();
  const [to, viewer] = await (PAIRS[toKind] as () => Promise<Pair>)();
  // All that a filter may do with bytes: forward views, whole or in parts, or memory of its own, or nothing.
  let position = 0;
  const down = pipe(from, to, (chunk, forward) => {
    for (let at = 0, length = 0; at < chunk.length; at += length) {
      length = Math.min(chunk.length - at, 1000 - (position % 1000));
      const part = chunk.subarray(at, at + length);
      const kind = Math.floor(position / 1000) % 4;
      position += length;
      if (kind === 0) forward(part);
      else if (kind === 1) forward(Buffer.concat([part]));
      else if (kind === 2) for (const end of [500, 1000]) forward(part.subarray(end - 500, end));
    }
  });
  const received: Buffer[] = [];
  viewer.on("data", (chunk: Buffer) => received.push(chunk));
  const sent = randomBytes(400_000);
  let expected = 0;
  for (let at = 0; at < sent.length; at += 4000) {
    server.write(sent.subarray(at, at + 4000));
    expected += 3000;
    while (received.reduce((sum, chunk) => sum + chunk.length, 0) < expected)
      await new Promise((resolve) => setImmediate(resolve));
  }
  server.end();
  await down.ended;
  const kept = Array.from({ length: 100 }, (_, index) => sent.subarray(index * 4000, index * 4000 + 3000));
  expect(Buffer.concat(received).equals(Buffer.concat(kept))).toBe(true);
});

it("what a filter forwards later, from memory of its own, is sent at once", async () => {
  const [viewer, from] = await connectPair();
  const [to, server] = await connectPair();
  const heldBack: (() => void)[] = [];
  pipe(from, to, (chunk, forward) => {
    const copy = Buffer.from(chunk);
    heldBack.push(() => {
      forward(copy);
    });
  });
  const heard: Buffer[] = [];
  server.on("data", (chunk: Buffer) => heard.push(chunk));
  viewer.write("typed");
  while (heldBack.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
  for (const release of heldBack.splice(0)) release();
  while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(Buffer.concat(heard).toString()).toBe("typed");
});

it("what is read after a stop never touches what still waits to be written", async () => {
  const [server, from] = await connectPair();
  const to = new SlowStream();
  const down = pipe(from, to, (chunk, forward) => {
    forward(chunk);
  });
  // In small parts, so that the last buffer is not full.
  while (!from.isPaused()) {
    server.write(Buffer.alloc(1_500, 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  down.stop();
  // The piece under way is done, and the others wait in the stream's own queue.
  to.accept();
  await new Promise((resolve) => setImmediate(resolve));
  from.on("data", () => undefined);
  from.resume();
  server.end(Buffer.alloc(1_000_000, 2));
  await once(from, "end");
  while (to.writableLength > 0) {
    to.accept();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const arrived = Buffer.concat(to.accepted);
  expect(arrived.length).toBe(down.bytes);
  expect(arrived.every((byte) => byte === 1)).toBe(true);
});

it("what was unread before comes first, what is unread after a stop stays in the stream", async () => {
  const [server, from] = await connectPair();
  const [to, viewer] = await connectPair();
  server.write("first ");
  await once(from, "readable");
  const heard: Buffer[] = [];
  viewer.on("data", (chunk: Buffer) => heard.push(chunk));
  const down = pipe(from, to);
  server.write("second");
  while (Buffer.concat(heard).length < 12) await new Promise((resolve) => setImmediate(resolve));
  expect(Buffer.concat(heard).toString()).toBe("first second");

  down.stop();
  server.write("third");
  const [unread] = (await once(from.resume(), "data")) as [Buffer];
  expect(unread.toString()).toBe("third");
  expect(Buffer.concat(heard).toString()).toBe("first second");
});

it("a source that has ended with much unread still gives it all", async () => {
  const [server, from] = await connectPair();
  const [to, viewer] = await connectPair();
  const picture = randomBytes(40_000);
  from.pause();
  server.end(picture);
  while (from.readableLength < picture.length) {
    from.read(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const heard: Buffer[] = [];
  viewer.on("data", (chunk: Buffer) => heard.push(chunk));
  await Promise.all([pipe(from, to).ended, once(viewer, "end")]);
  expect(Buffer.concat(heard).equals(picture)).toBe(true);
});

it("a stream that may keep a chunk gets memory of its own", async () => {
  const [server, from] = await connectPair();
  const to = new PassThrough({ highWaterMark: 10_000_000 });
  expect(releasesChunks(to)).toBe(false);
  pipe(from, to);
  const picture = randomBytes(3_000_000);
  server.end(picture);
  while (to.readableLength < picture.length) await new Promise((resolve) => setImmediate(resolve));
  // Node 26 gives one chunk at a time, older ones all that there is.
  const chunks: Buffer[] = [];
  for (let chunk; (chunk = to.read() as Buffer | null) !== null;) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(picture)).toBe(true);
});

it("only sockets can read in place", () => {
  const place = { nextBuffer: () => Buffer.alloc(10), onRead: () => undefined };
  expect(readInPlace(new PassThrough(), place)).toBe(false);
  const foreign = Object.assign(new PassThrough(), { _handle: { useUserBuffer: () => undefined } });
  expect(readInPlace(foreign, place)).toBe(false);
});
