import { describe, expect, it, vi } from "vitest";
import {
  bytes,
  Conversation,
  lengthPrefixed,
  ProtocolError,
  u32,
  u8,
  type ConversationLimits,
} from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair, type MemoryDuplexOptions } from "../../../support/memory-duplex.ts";

const LIMITS: ConversationLimits = { deadlineMs: 5000, maxBytes: 1000 };

function open(
  options: { limits?: ConversationLimits; signal?: AbortSignal; stream?: MemoryDuplexOptions } = {},
) {
  const [near, far] = createDuplexPair(options.stream);
  near.on("error", () => undefined);
  far.on("error", () => undefined);
  const clock = new ManualClock();
  const peer = new Conversation(near, options.limits ?? LIMITS, clock, options.signal);
  return { near, far, clock, peer };
}

const closed = expect.objectContaining({ name: "PeerClosed", code: "PEER_CLOSED" });

describe("Conversation", () => {
  it("reads what grammars ask for and leaves the rest in the stream", async () => {
    const { far, peer } = open();
    far.write(Buffer.from("0000000361626307", "hex"));
    far.write("rest");
    expect((await peer.read(lengthPrefixed(3, "t"))).toString()).toBe("abc");
    expect(await peer.read(u8())).toBe(7);
    expect(peer.bytesRead).toBe(8);
    const released = peer.release();
    expect(String(released.read())).toBe("rest");
  });

  it("loses nothing that comes between its release and the next reader", async () => {
    const { far, peer } = open();
    far.write("1234");
    await peer.read(u32());
    far.write("abc");
    const stream = peer.release();
    far.write("def");
    far.end();
    const received: Buffer[] = [];
    for await (const chunk of stream) received.push(chunk as Buffer);
    expect(Buffer.concat(received).toString()).toBe("abcdef");
  });

  it("reads more than the stream buffers by default", async () => {
    const { far, peer } = open({
      limits: { deadlineMs: 5000, maxBytes: 100_000 },
      stream: { highWaterMark: 16 },
    });
    far.write(Buffer.alloc(50_000, 0x61));
    far.write(Buffer.alloc(40_000, 0x62));
    expect(await peer.read(bytes(90_000))).toHaveLength(90_000);
  });

  it("stops at its total limit, before waiting", async () => {
    const { far, peer } = open({ limits: { deadlineMs: 5000, maxBytes: 10 } });
    far.write(Buffer.alloc(20));
    await peer.read(bytes(10));
    await expect(peer.read(u8())).rejects.toMatchObject({ name: "LimitError", code: "HANDSHAKE_LIMIT" });
  });

  it("ends at its deadline, however many bytes drip in", async () => {
    const { far, clock, peer } = open();
    const reading = peer.read(bytes(100));
    reading.catch(() => undefined);
    for (let second = 0; second < 4; second++) {
      far.write("x");
      clock.advance(1000);
    }
    clock.advance(999);
    far.write("x");
    clock.advance(1);
    await expect(reading).rejects.toMatchObject({ name: "TimeoutError", code: "HANDSHAKE_TIMEOUT" });
    await expect(peer.read(u8())).rejects.toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    await expect(peer.write(Buffer.of(1))).rejects.toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  });

  it("has no deadline any more once it is released", () => {
    const { near, clock, peer } = open();
    expect(clock.pending).toBe(1);
    expect(peer.release()).toBe(near);
    peer.release();
    expect(clock.pending).toBe(0);
    for (const name of ["readable", "end", "close"]) expect(near.listenerCount(name)).toBeLessThanOrEqual(1);
  });

  it("waits while the peer does not take what it writes", async () => {
    const { far, peer } = open({ stream: { highWaterMark: 8 } });
    let written = false;
    const writing = peer.write(Buffer.alloc(64)).then(() => (written = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    far.resume();
    await writing;
    expect(written).toBe(true);
  });

  it("gives up a write at the deadline", async () => {
    const { clock, peer } = open({ stream: { highWaterMark: 8 } });
    const writing = peer.write(Buffer.alloc(64));
    writing.catch(() => undefined);
    clock.advance(5000);
    await expect(writing).rejects.toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  });

  it("reports a peer that ends or breaks", async () => {
    for (const leave of ["end", "destroy"] as const) {
      const { far, peer } = open();
      far.write("ab");
      far[leave]();
      await expect(peer.read(u32())).rejects.toEqual(closed);
    }
    const { near, peer } = open();
    near.destroy(new Error("ECONNRESET"));
    await expect(peer.read(u8())).rejects.toThrow("ECONNRESET");
  });

  it("reports a stream that was closed before it began", async () => {
    const [near] = createDuplexPair();
    near.destroy();
    await new Promise((resolve) => near.once("close", resolve));
    const peer = new Conversation(near, LIMITS, new ManualClock());
    await expect(peer.write(Buffer.of(1))).rejects.toEqual(closed);
    await expect(peer.read(u8())).rejects.toEqual(closed);
  });

  it("is given up by its signal, with the reason if it is one of ours", async () => {
    const plain = new AbortController();
    const { peer } = open({ signal: plain.signal });
    const reading = peer.read(u8());
    plain.abort();
    await expect(reading).rejects.toMatchObject({ name: "PeerClosed", code: "ABORTED" });

    const cause = new ProtocolError("SOME_CODE", "why");
    const before = open({ signal: AbortSignal.abort(cause) });
    await expect(before.peer.read(u8())).rejects.toBe(cause);
  });

  it("passes on what a grammar throws", async () => {
    const { far, peer } = open();
    far.write("x");
    function* refuse() {
      yield 1;
      throw new ProtocolError("SOME_CODE", "why");
    }
    await expect(peer.read(refuse())).rejects.toMatchObject({ code: "SOME_CODE" });
  });
});

describe("replaceStream", () => {
  it("goes on over the stream that comes of it, under the same limits", async () => {
    const { far, peer, near } = open();
    const [inner, beyond] = createDuplexPair();
    far.write(Buffer.of(1));
    beyond.write(Buffer.of(2, 3));
    expect(await peer.read(u8())).toBe(1);
    await peer.replaceStream((stream) => {
      expect(stream).toBe(near);
      expect(stream.listenerCount("readable")).toBe(0);
      return Promise.resolve(inner);
    });
    expect(await peer.read(u8())).toBe(2);
    expect(peer.bytesRead).toBe(2);
    await expect(peer.read(bytes(LIMITS.maxBytes))).rejects.toMatchObject({ code: "HANDSHAKE_LIMIT" });
    expect(peer.release()).toBe(inner);
    expect(inner.read()).toEqual(Buffer.of(3));
  });

  it("fails with what the replacement throws, or because its stream is closed already", async () => {
    const { peer, near } = open();
    const broken = new ProtocolError("BROKEN", "no");
    await expect(peer.replaceStream(() => Promise.reject(broken))).rejects.toBe(broken);
    expect(peer.release()).toBe(near);
    const [inner] = createDuplexPair();
    inner.destroy();
    const { peer: other } = open();
    await other.replaceStream(() => Promise.resolve(inner));
    await expect(other.read(u8())).rejects.toEqual(closed);
  });

  it("does not wait beyond the deadline or the signal, and destroys what comes late", async () => {
    const giveUp = new AbortController();
    const { peer, clock } = open();
    const { peer: other } = open({ signal: giveUp.signal });
    for (const [conversation, end, code] of [
      [peer, () => clock.advance(5000), "HANDSHAKE_TIMEOUT"],
      [other, () => giveUp.abort(), "ABORTED"],
    ] as const) {
      const [late] = createDuplexPair();
      let deliver = (): void => undefined;
      const replaced = conversation.replaceStream(
        () => new Promise((resolve) => (deliver = () => resolve(late))),
      );
      end();
      await expect(replaced).rejects.toMatchObject({ code });
      deliver();
      await vi.waitFor(() => expect(late.destroyed).toBe(true));
      await expect(conversation.replaceStream(() => Promise.resolve(late))).rejects.toMatchObject({ code });
    }
  });
});
