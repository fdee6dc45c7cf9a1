import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { pipe, MIN_HIGH_WATER_BYTES } from "../../../../protocol/index.ts";
import { connectPair } from "./socket-pair.ts";

describe("a pipe between sockets", () => {
  it("moves both directions to their ends, byte by byte the same", async () => {
    const [viewer, front] = await connectPair();
    const [back, server] = await connectPair();
    const down = pipe(back, front);
    const up = pipe(front, back);
    const screen = randomBytes(8 * 1024 * 1024);
    const received = createHash("sha256");
    viewer.on("data", (chunk: Buffer) => received.update(chunk));
    server.end(screen);
    await Promise.all([down.ended, once(viewer, "end")]);
    expect(received.digest("hex")).toBe(createHash("sha256").update(screen).digest("hex"));
    expect(down.bytes).toBe(screen.length);

    // The server has ended: what the viewer says still reaches it.
    const heard: Buffer[] = [];
    server.on("data", (chunk: Buffer) => heard.push(chunk));
    viewer.end("goodbye");
    await Promise.all([up.ended, once(server, "end")]);
    expect(Buffer.concat(heard).toString()).toBe("goodbye");
  });

  it("holds no more than its mark for a viewer that does not read", async () => {
    const [viewer, front] = await connectPair();
    const [back, server] = await connectPair();
    viewer.pause();
    const down = pipe(back, front);
    const chunk = Buffer.alloc(65_536);
    let offered = 0;
    const offer = (): void => {
      while (offered < 64 * 1024 * 1024) {
        offered += chunk.length;
        if (!server.write(chunk)) return;
      }
    };
    server.on("drain", offer);
    offer();
    while (!back.isPaused()) await new Promise((resolve) => setImmediate(resolve));
    expect(front.writableLength).toBeLessThan(MIN_HIGH_WATER_BYTES + chunk.length);
    const before = down.bytes;
    viewer.resume();
    while (down.bytes === before) await new Promise((resolve) => setImmediate(resolve));
    down.stop();
  });

  it("reports a reset", async () => {
    const [viewer, front] = await connectPair();
    const [back] = await connectPair();
    const up = pipe(front, back);
    viewer.resetAndDestroy();
    await expect(up.ended).rejects.toMatchObject({ code: "PEER_CLOSED" });
  });
});
