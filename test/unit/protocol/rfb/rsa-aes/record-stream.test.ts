import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { Eax } from "../../../../../protocol/rfb/rsa-aes/eax.ts";
import { RecordStream } from "../../../../../protocol/rfb/rsa-aes/record-stream.ts";
import { RecordOpener, RecordSealer } from "../../../../../protocol/rfb/rsa-aes/rsa-aes-records.ts";
import { pipe } from "../../../../../protocol/index.ts";
import {
  chopEveryByte,
  createDuplexPair,
  type MemoryDuplexOptions,
} from "../../../../support/memory-duplex.ts";
import { waitFor } from "../../../../support/wait-for.ts";
import { waitEventLoopTurns } from "../../bytes/pipe-fixture.ts";

const [ONE, OTHER] = [randomBytes(16), randomBytes(16)];
const NOTHING = Buffer.alloc(0);

/** near ⇄ (below: far end in records) */
function connect(options: MemoryDuplexOptions = {}, unread = NOTHING) {
  const [below, farBelow] = createDuplexPair(options);
  for (const stream of [below, farBelow]) stream.on("error", () => undefined);
  const near = new RecordStream(below, new RecordSealer(ONE), new RecordOpener(OTHER), unread);
  const far = new RecordStream(farBelow, new RecordSealer(OTHER), new RecordOpener(ONE), NOTHING);
  return { near, far, below, farBelow };
}

/** Without closing it, as an iterator would. */
function readAll(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("error", reject);
    stream.on("end", () => {
      resolve(Buffer.concat(chunks));
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  });
}

describe("a stream of records", () => {
  it.each<[string, MemoryDuplexOptions]>([
    ["whole", {}],
    ["byte by byte", { chop: chopEveryByte }],
    ["with little room", { highWaterMark: 100 }],
  ])("carries bytes both ways, %s, and ends each way by itself", async (_how, options) => {
    const { near, far } = connect(options);
    const [down, up] = [randomBytes(50_000), randomBytes(30_000)];
    near.end(down);
    expect((await readAll(far)).equals(down)).toBe(true);
    expect(far.writableEnded).toBe(false);
    far.write(up.subarray(0, 10));
    far.end(up.subarray(10));
    expect((await readAll(near)).equals(up)).toBe(true);
  });

  it("hands out first what was opened before it began", async () => {
    const { near, far } = connect({}, Buffer.from("before, "));
    far.end("after");
    near.end();
    expect((await readAll(near)).toString()).toBe("before, after");
  });

  it("makes one record of what waited in small pieces", async () => {
    const { near, farBelow } = connect();
    near.cork();
    for (let count = 0; count < 100; count++) near.write("x");
    near.uncork();
    near.end();
    let bytes = 0;
    farBelow.removeAllListeners("data");
    farBelow.on("data", (chunk: Buffer) => (bytes += chunk.length));
    await waitFor("the end", () => farBelow.readableEnded);
    expect(bytes).toBe(100 + 18);
  });

  it("takes empty records for nothing", async () => {
    const { below, farBelow, far } = connect();
    const eax = new Eax(ONE);
    const nonce = Buffer.alloc(16);
    below.write(Buffer.concat([Buffer.of(0, 0), ...eax.seal(nonce, Buffer.of(0, 0), NOTHING)]));
    nonce[0] = 1;
    below.end(Buffer.concat([Buffer.of(0, 1), ...eax.seal(nonce, Buffer.of(0, 1), Buffer.from("y"))]));
    expect((await readAll(far)).toString()).toBe("y");
    expect(farBelow.destroyed).toBe(false);
  });

  it("ends with an error, and the stream below with it, when a record was changed", async () => {
    const { far, below, farBelow } = connect();
    const sealed = new RecordSealer(ONE).seal(Buffer.from("hello"));
    sealed[3]! ^= 1;
    below.write(sealed);
    await expect(readAll(far)).rejects.toMatchObject({ code: "RSA_AES_RECORD" });
    expect(farBelow.destroyed).toBe(true);
  });

  it("does not take a record that was cut off for an end, at any byte", async () => {
    const sealed = new RecordSealer(ONE).seal(Buffer.from("hi"));
    for (let length = 1; length < sealed.length; length++) {
      const { far, below } = connect();
      below.end(sealed.subarray(0, length));
      await expect(readAll(far)).rejects.toMatchObject({ code: "PEER_CLOSED" });
    }
  });

  it("closes when the stream below does, either way, before or after it began", async () => {
    const { near, far, below } = connect();
    below.destroy();
    await waitFor("both to close", () => near.destroyed && far.destroyed);
    const again = new RecordStream(below, new RecordSealer(ONE), new RecordOpener(OTHER), NOTHING);
    await waitFor("it to close", () => again.destroyed);
    const other = connect();
    other.near.destroy();
    await waitFor("the one below to close", () => other.below.destroyed && other.far.destroyed);
  });

  it("holds no more than a chunk and its buffer for a reader that does not read", async () => {
    const { near, far, farBelow } = connect();
    const [source, from] = createDuplexPair();
    const run = pipe(from, near);
    const chunk = Buffer.alloc(50_000);
    let written = 0;
    while (written < 10_000_000) {
      written += chunk.length;
      if (!source.write(chunk)) await waitEventLoopTurns();
      if (source.writableNeedDrain) break;
    }
    await waitEventLoopTurns(20);
    expect(source.writableNeedDrain).toBe(true);
    expect(far.readableLength).toBeLessThan(65_536 + 8_192 + 50_000);
    expect(farBelow.isPaused()).toBe(true);
    expect(written).toBeLessThan(2_000_000);
    run.stop();
    far.resume();
    await waitFor("all to be read", () => far.readableLength === 0);
  });
});
