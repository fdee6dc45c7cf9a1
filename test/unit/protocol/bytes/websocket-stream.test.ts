import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocketStream } from "../../../../protocol/index.ts";
import type { WebSocketLike } from "../../../../protocol/bytes/websocket-stream.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

/** A WebSocket that counts its pings. */
class CountingSocket extends EventEmitter implements WebSocketLike {
  binaryType = "";
  readonly isPaused = false;
  readonly readyState = 1;
  pings = 0;

  ping(): void {
    this.pings += 1;
  }
  send(_data: Buffer, _options: { binary: true }, done: (error?: Error) => void): void {
    done();
  }
  close(): void {
    this.emit("close");
  }
  terminate(): void {
    this.emit("close");
  }
  pause(): void {
    // Nothing comes.
  }
  resume(): void {
    // Nothing comes.
  }
}

function open() {
  const clock = new ManualClock();
  const socket = new CountingSocket();
  const stream = new WebSocketStream(socket, { text: "destroy", ping: { clock, everyMs: 20_000 } });
  return { clock, socket, stream };
}

describe("a WebSocket that is silent", () => {
  it("carries a ping every 20 s", () => {
    const { clock, socket } = open();
    clock.advance(19_999);
    expect(socket.pings).toBe(0);
    clock.advance(1);
    expect(socket.pings).toBe(1);
    for (let count = 0; count < 4; count += 1) clock.advance(20_000);
    expect(socket.pings).toBe(5);
  });

  it.each<[string, (opened: ReturnType<typeof open>) => void]>([
    ["ends", ({ stream }) => stream.end()],
    ["is destroyed", ({ stream }) => stream.destroy()],
    ["is closed by the peer", ({ socket }) => socket.emit("close")],
  ])("carries none any more when it %s", async (_name, stop) => {
    const opened = open();
    stop(opened);
    await new Promise(setImmediate);
    expect(opened.clock.pending).toBe(0);
  });
});
