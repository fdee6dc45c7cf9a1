import { statSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startDemoDesktop } from "../../../launcher/index.ts";
import { systemClock } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, type RfbClient } from "../../support/rfb-client.ts";
import { takeViewerSnapshot } from "../../support/debian-viewers.ts";
import { waitFor } from "../../support/wait-for.ts";

describe("the demo desktop", () => {
  let cleanup: CleanupStack;
  let socketPath: string;
  let folder: string;
  beforeEach(async () => {
    cleanup = new CleanupStack();
    folder = await cleanup.makeFolder();
    socketPath = join(folder, "demo.sock");
    const log = pino({ level: "silent" });
    const demo = await startDemoDesktop({ socketPath, log, clock: systemClock });
    cleanup.add({ stop: () => demo.close() });
  });
  afterEach(() => cleanup.close());

  async function look(): Promise<RfbClient> {
    const viewer = await connectRfb(cleanup, { path: socketPath });
    const { width, height } = await viewer.handshake();
    expect([width, height]).toEqual([800, 500]);
    return viewer;
  }

  test("is private, moves, and follows keys and pointer", async () => {
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    const viewer = await look();
    viewer.requestUpdate();
    await viewer.readUpdate();
    expect(viewer.framebuffer.picture.at(2, 2)).toEqual([0x0f, 0x16, 0x26]);
    viewer.requestUpdate({ incremental: true });
    const changed = await viewer.readUpdate();
    const pixels = changed.reduce((sum, { width, height }) => sum + width * height, 0);
    expect(pixels).toBeLessThan(800 * 500);

    const quiet = viewer.framebuffer.picture.count([0xe8, 0xed, 0xf6]);
    viewer.pressKey("W".charCodeAt(0));
    viewer.movePointer(600, 450, 1);
    await waitFor("the letter and the crosshair", async () => {
      viewer.requestUpdate({ incremental: true });
      await viewer.readUpdate();
      const { picture } = viewer.framebuffer;
      return picture.count([0xe8, 0xed, 0xf6]) > quiet + 50 && picture.at(610, 450)[0] === 0x55;
    });
  });

  test("a viewer that never reads keeps no other from its picture, and holds one update at most", async () => {
    const idle = connect(socketPath);
    cleanup.add({ stop: () => Promise.resolve(idle.destroy()) });
    await once(idle, "connect");
    idle.pause();
    // Handshake and a hundred requests at once, nothing ever read.
    idle.write(Buffer.from("RFB 003.008\n\x01\x01", "latin1"));
    const request = Buffer.from([3, 0, 0, 0, 0, 0, 3, 32, 1, 244]);
    for (let count = 0; count < 100; count++) idle.write(request);
    const viewer = await look();
    for (let update = 0; update < 10; update++) {
      viewer.requestUpdate();
      await viewer.readUpdate();
    }
  });

  test("vncsnapshot takes its picture, raw and by Hextile", async () => {
    const bridge = createServer((socket) => {
      const inner = connect(socketPath);
      for (const end of [socket, inner]) end.on("error", () => undefined);
      socket.pipe(inner).pipe(socket);
      inner.on("close", () => socket.destroy());
    }).listen(0, "127.0.0.1");
    await once(bridge, "listening");
    cleanup.add({ stop: () => new Promise((resolve) => bridge.close(resolve)) });
    const { port } = bridge.address() as AddressInfo;
    for (const args of [[], ["-encodings", "hextile"]]) {
      const { picture, output } = await takeViewerSnapshot(folder, { port, args });
      expect(picture, output).toBeDefined();
      expect(picture!.at(2, 2).every((value, channel) => Math.abs(value - [15, 22, 38][channel]!) < 10)).toBe(
        true,
      );
      expect(picture!.count([0xf3, 0xb6, 0x4c], 24)).toBeGreaterThan(1000);
    }
  });

  test("closing ends viewers and removes the socket", async () => {
    const viewer = await look();
    viewer.requestUpdate();
    await viewer.readUpdate();
    await cleanup.close();
    expect(() => statSync(socketPath)).toThrow();
  });
});
