import { constants, inflateSync } from "node:zlib";
import { expect, it, vi } from "vitest";
import { CLIENT_MESSAGE_LIMITS } from "../../../../../protocol/rfb/client-stream/client-messages.ts";
import { countExcessBytes } from "../../../../../web/client/viewer/clipboard-text.ts";

const MOST = CLIENT_MESSAGE_LIMITS.clientCutText;
const TEXT_FORMAT = 1;

/** The length that noVNC tells the server of a text, before it is packed. */
async function measureSent(text: string): Promise<number> {
  vi.stubGlobal(
    "MutationObserver",
    class {
      observe(): void {}
    },
  );
  vi.stubGlobal("window", { addEventListener: () => undefined, removeEventListener: () => undefined });
  const element = { style: {}, getContext: () => null, toDataURL: () => "", appendChild: () => undefined };
  vi.stubGlobal("document", { createElement: () => element, documentElement: element, body: element });
  const { default: RFB } = await import("@novnc/novnc");
  let body = Buffer.alloc(0);
  const socket = {
    ...{ sQpush8: () => undefined, sQpush32: () => undefined, flush: () => undefined },
    sQpushBytes: (bytes: Uint8Array) => (body = Buffer.from(bytes)),
  };
  RFB.messages.extendedClipboardProvide(socket, [TEXT_FORMAT], [text]);
  vi.unstubAllGlobals();
  return inflateSync(body.subarray(4), { finishFlush: constants.Z_SYNC_FLUSH }).readUInt32BE(0);
}

it("a text is as long as what is sent of it, and the longest is the one that arrives", () => {
  expect(countExcessBytes("")).toBe(0);
  expect(countExcessBytes("a".repeat(MOST - 1))).toBe(0);
  expect(countExcessBytes("a".repeat(MOST))).toBe(1);
  expect(countExcessBytes("€".repeat(MOST / 4))).toBe(0);
  expect(countExcessBytes("€".repeat(Math.ceil(MOST / 3)))).toBe(3 * Math.ceil(MOST / 3) + 1 - MOST);
  expect(countExcessBytes(`${"a".repeat(40)}\n`.repeat(6_244))).toBe(42 * 6_244 + 1 - MOST);
});

it.each([["a\nb\n"], ["a\r\nb\rc\n\nd"], ["é€😀"]])("noVNC sends of %j what is counted", async (text) => {
  const length = await measureSent(text);
  const longest = "a".repeat(MOST - length);
  expect(countExcessBytes(longest + text)).toBe(0);
  expect(countExcessBytes(`${longest}a${text}`)).toBe(1);
});
