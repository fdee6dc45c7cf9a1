// A length is judged when it is read: nothing is waited for, and nothing allocated, because of one that is too long.
import { describe, expect, it } from "vitest";
import {
  ClientFilter,
  FrameDecoder,
  FrameType,
  isPosternError,
  MAX_CREDENTIAL_BYTES,
  MAX_DESKTOP_NAME_BYTES,
  mip1,
  MIP2_LIMITS,
  plainCredentials,
  readFrame,
  reasonString,
  SERVER_STREAM_LIMITS,
  serverInit,
  ServerFilter,
  PixelFormatTracker,
  type Grammar,
} from "../../../protocol/index.ts";
import { MAX_KEY_BITS, rsaPublicKey } from "../../../protocol/rfb/rsa-aes/public-key.ts";
import { MAX_REASON_BYTES } from "../../../protocol/rfb/security-result.ts";
import { TRUE_COLOUR } from "./rfb/server-stream/samples.ts";

const ALLOCATED = 64 * 1024;
const HUGE = [2 ** 31, 2 ** 32 - 1];
/** Behind the length: where two stand side by side, both are judged together. */
const BEHIND = Buffer.alloc(4);

type Push = (bytes: Buffer) => void;

const grammar =
  <T>(make: () => Grammar<T>): (() => Push) =>
  () => {
    const decoder = new FrameDecoder(make, () => undefined);
    return (bytes) => decoder.push(bytes);
  };
const fromViewer = (): Push => {
  const filter = new ClientFilter({ control: true, denied: new Set() }, () => undefined);
  return (bytes) => filter.push(bytes);
};
const fromServer = (): Push => {
  const filter = new ServerFilter(new PixelFormatTracker(TRUE_COLOUR), () => undefined);
  return (bytes) => filter.push(bytes);
};
const unproven = grammar(() => readFrame(MIP2_LIMITS.unprovenBody));
const proven = grammar(() => readFrame(MIP2_LIMITS.body));
const INIT = "0280 01e0 20180001 00ff00ff00ff 100800 000000";

/** What reads it, what stands before the length, the largest length that is waited for, and much larger ones. */
type Field = readonly [string, () => Push, string, number, (readonly number[])?];
const FIELDS: readonly Field[] = [
  ["MiP 1 identifier", grammar(mip1.readMip1Message), "0001", mip1.MIP1_LIMITS.identifier],
  ["MiP 1 proxy host", grammar(mip1.readMip1Message), "0100000001", mip1.MIP1_LIMITS.host],
  ["VeNCrypt user name", grammar(plainCredentials), "", MAX_CREDENTIAL_BYTES],
  ["VeNCrypt password", grammar(plainCredentials), "00000000", MAX_CREDENTIAL_BYTES],
  ["a server's reason", grammar(reasonString), "", MAX_REASON_BYTES],
  ["a desktop's name", grammar(serverInit), INIT, MAX_DESKTOP_NAME_BYTES],
  ["RSA key", grammar(rsaPublicKey), "", MAX_KEY_BITS],
  // Signed: 2^32 - 1 is -1 there, and 1 byte long.
  ["a server's ServerCutText", fromServer, "03000000", SERVER_STREAM_LIMITS.serverCutText, [2 ** 31]],
  ["QEMU audio data", fromServer, "ff010002", SERVER_STREAM_LIMITS.audioData],
  ...Object.entries(FrameType).flatMap(([name, type]) => {
    const head = type.toString(16).padStart(2, "0");
    return [
      [`MiP 2 ${name}, before the proof`, unproven, head, MIP2_LIMITS.unprovenBody],
      [`MiP 2 ${name}, after it`, proven, head, MIP2_LIMITS.body],
    ] satisfies Field[];
  }),
];

/** The code of the refusal, or none; and how many bytes of buffers it took. */
function announce(make: () => Push, before: string, length: number): { code: string; allocated: number } {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(length);
  const bytes = Buffer.concat([Buffer.from(before.replaceAll(" ", ""), "hex"), field, BEHIND]);
  const push = make();
  const held = process.memoryUsage().arrayBuffers;
  let code = "";
  try {
    push(bytes);
  } catch (error) {
    if (!isPosternError(error)) throw error;
    code = error.code;
  }
  return { code, allocated: process.memoryUsage().arrayBuffers - held };
}

describe("lengths of what is skipped over its limit", () => {
  it.each([
    ["a viewer's ClientCutText", "06000000"],
    ["UltraVNC's chat", "0b000000"],
  ])("%s takes no memory", (_name, before) => {
    for (const length of HUGE) {
      const { code, allocated } = announce(fromViewer, before, length);
      expect(code, `length ${length}`).toBe("");
      expect(allocated).toBeLessThan(ALLOCATED);
    }
  });
});

describe("length fields at their limits", () => {
  it.each(FIELDS.map((field) => ({ name: field[0], field })))("$name", ({ field }) => {
    const [, make, before, max, huge = HUGE] = field;
    for (const length of [0, max]) expect(announce(make, before, length).allocated).toBeLessThan(ALLOCATED);
    for (const length of [max + 1, ...huge]) {
      const { code, allocated } = announce(make, before, length);
      expect(code, `length ${length}`).not.toBe("");
      expect(allocated).toBeLessThan(ALLOCATED);
    }
  });
});
