import { describe, expect, it } from "vitest";
import {
  ClientFilter,
  Encoding,
  encodeSetEncodings,
  PixelFormatTracker,
  PERMISSIONS,
  PseudoEncoding,
  type Permission,
} from "../../../../../protocol/index.ts";
import { EVERY_EXTENSION, SAMPLES } from "./sample-messages.ts";
import { TRUE_COLOUR } from "../server-stream/samples.ts";

const ALL = encodeSetEncodings(EVERY_EXTENSION);
const AFTER = SAMPLES.find(({ name }) => name === "FramebufferUpdateRequest")!.wire;

function filter(input: Buffer, denied: readonly Permission[], control = true): Buffer {
  const out: Buffer[] = [];
  const policy = { control, denied: new Set(denied) };
  const running = new ClientFilter(
    policy,
    (chunk) => out.push(Buffer.from(chunk)),
    new PixelFormatTracker(TRUE_COLOUR),
  );
  for (const byte of input) running.push(Buffer.of(byte));
  return Buffer.concat(out);
}

/** Which samples are left out, by what is denied; the others pass. */
const LEFT_OUT: Record<Permission, RegExp> = {
  "clipboard-in": /ClientCutText/,
  "clipboard-out": /extended ClientCutText/,
  power: /^xvp/,
  resize: /^SetDesktopSize/,
  audio: /^QEMU audio/,
  files: /^never$/,
};
const STRIPPED: Record<Permission, readonly number[]> = {
  "clipboard-in": [PseudoEncoding.extendedClipboard],
  "clipboard-out": [PseudoEncoding.extendedClipboard],
  power: [PseudoEncoding.xvp],
  resize: [],
  audio: [PseudoEncoding.qemuAudio],
  files: [],
};

describe.each(PERMISSIONS)("%s denied", (permission) => {
  const told = encodeSetEncodings(EVERY_EXTENSION.filter((code) => !STRIPPED[permission].includes(code)));

  it.each(SAMPLES)("$name", ({ name, wire }) => {
    const passes = !LEFT_OUT[permission].test(name);
    const out = filter(Buffer.concat([ALL, wire, AFTER]), [permission]);
    expect(out).toEqual(Buffer.concat(passes ? [told, wire, AFTER] : [told, AFTER]));
  });
});

it("all denied to somebody in control leaves pointer, keys and the picture", () => {
  const wires = SAMPLES.filter(({ needs, name }) => !needs && !name.startsWith("ClientCutText"));
  const plain = Buffer.concat(wires.map(({ wire }) => wire));
  const cutText = SAMPLES.find(({ name }) => name === "ClientCutText")!.wire;
  expect(filter(Buffer.concat([cutText, plain, cutText]), PERMISSIONS)).toEqual(plain);
});

it("the size of the screen is still told where it may not be changed", () => {
  const list = encodeSetEncodings([PseudoEncoding.extendedDesktopSize]);
  expect(filter(list, ["resize"])).toEqual(list);
  expect(filter(list, [], false)).toEqual(list);
});

it.each([Encoding.jpeg, Encoding.trle, Encoding.tightWithoutZlib, Encoding.zlibHex, -256, 200, -232])(
  "encoding %i cannot be followed, so a server is not told of it while the clipboard stays in",
  (encoding) => {
    const list = encodeSetEncodings([Encoding.tight, encoding, -255, -23]);
    expect(filter(list, ["clipboard-out"])).toEqual(encodeSetEncodings([Encoding.tight, -255, -23]));
    expect(filter(list, [])).toEqual(list);
  },
);

it("a program's version and host are never asked for", () => {
  const list = encodeSetEncodings([0, 0xfffe0001 | 0, 0xfffe0002 | 0, 0xfffe0003 | 0]);
  expect(filter(list, [])).toEqual(encodeSetEncodings([0]));
});

it("a policy that needs the server's stream read does not work without", () => {
  const policy = { control: true, denied: new Set<Permission>(["clipboard-out"]) };
  expect(() => new ClientFilter(policy, () => undefined)).toThrow("followed");
});

describe("input that is held", () => {
  const key = (down: number) => Buffer.from([4, down, 0, 0, 0, 0, 0, 0x61]);
  const extendedKey = (down: number) => Buffer.from([255, 0, 0, down, 0, 0, 0, 0x61, 0, 0, 0, 0x1e]);
  const pointer = (buttons: number) => Buffer.from([5, buttons, 0, 1, 0, 2]);

  it("is dropped, except that what is down may come up; the picture goes on", () => {
    const out: Buffer[] = [];
    const policy = { control: true, denied: new Set<Permission>(), holdsInput: false };
    const running = new ClientFilter(policy, (chunk) => out.push(Buffer.from(chunk)));
    const push = (...wires: Buffer[]) => {
      out.length = 0;
      for (const byte of Buffer.concat(wires)) running.push(Buffer.of(byte));
      return Buffer.concat(out);
    };
    push(ALL, key(1), pointer(1));
    policy.holdsInput = true;
    const moves = [pointer(0), pointer(0), pointer(1)];
    const held = push(key(1), key(0), extendedKey(1), extendedKey(0), pointer(3), ...moves, AFTER);
    expect(held).toEqual(Buffer.concat([key(0), extendedKey(0), pointer(0), AFTER]));
    policy.holdsInput = false;
    expect(push(key(1), pointer(0))).toEqual(Buffer.concat([key(1), pointer(0)]));
  });
});
