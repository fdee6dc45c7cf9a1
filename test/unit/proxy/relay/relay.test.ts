import { Duplex, PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import { ByteCounter } from "../../../../proxy/relay/byte-counter.ts";
import { startRelay } from "../../../../proxy/relay/relay.ts";
import type { StreamStages } from "../../../../proxy/relay/stream-stage.ts";

/** One end of a session: what the other side sends, and what this one receives. */
function makeEnd() {
  const incoming = new PassThrough();
  const outgoing = new PassThrough();
  return { stream: Duplex.from({ readable: incoming, writable: outgoing }), incoming, outgoing };
}

async function relay(stages: StreamStages) {
  const viewer = makeEnd();
  const server = makeEnd();
  const run = startRelay({ viewer: viewer.stream, server: server.stream }, stages, systemClock);
  viewer.incoming.write("ab");
  server.incoming.write("xyz");
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  const moved = [String(server.outgoing.read() ?? ""), String(viewer.outgoing.read() ?? "")];
  run.stop();
  return { moved, cause: await run.ended };
}

describe("the stages of a relay", () => {
  it("filters follow each other in their order, and taps see what they let pass", async () => {
    const seen: string[] = [];
    const append =
      (text: string) =>
      (chunk: Buffer, forward: (passed: Buffer) => void): void => {
        forward(Buffer.concat([chunk, Buffer.from(text)]));
      };
    const { moved } = await relay({
      filters: [{ toServer: append("1") }, { toServer: append("2") }],
      taps: [
        { toServer: (chunk) => seen.push(`up ${chunk}`), toViewer: (chunk) => seen.push(`down ${chunk}`) },
      ],
    });
    expect(moved).toEqual(["ab12", "xyz"]);
    expect(seen.sort()).toEqual(["down xyz", "up ab12"]);
  });

  it("the byte counter counts without a look at the bytes", async () => {
    const counter = new ByteCounter();
    expect(counter).not.toHaveProperty("toViewer");
    expect(counter.current).toEqual({ bytesToViewer: 0, bytesToServer: 0 });
    await relay({ filters: [], taps: [counter] });
    expect(counter.current).toEqual({ bytesToViewer: 3, bytesToServer: 2 });
  });

  it("taps hear of the end", async () => {
    const ends: string[] = [];
    const { cause } = await relay({ filters: [], taps: [{ onEnd: (ended) => ends.push(ended) }] });
    await nextTurn();
    expect(ends).toEqual([cause]);
  });
});
