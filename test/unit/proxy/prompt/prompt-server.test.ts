import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { Canvas, NATIVE_FORMAT } from "../../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { PaintSlices } from "../../../../proxy/prompt/paint-slices.ts";
import { PromptServer } from "../../../../proxy/prompt/prompt-server.ts";
import { layOutScreen, paintScreen, SCREEN_SIZE } from "../../../../proxy/prompt/screen-layout.ts";
import {
  applyScreenInput,
  showForm,
  showList,
  type ScreenInput,
  type ScreenState,
} from "../../../../proxy/prompt/screen-state.ts";
import { FormatViewer, WIRE_FORMATS } from "../../../support/format-viewer.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryDuplex } from "../../../support/memory-duplex.ts";
import { waitFor } from "../../../support/wait-for.ts";

const CODE = { name: "code", label: { en: "Code", fr: "Code" }, hidden: false, maxLength: 6 };
const BASE = { language: "en", clipboard: "", hasControl: false, hasShift: false } as const;
const FORM: ScreenState = { ...BASE, page: showForm("marie", { fields: [CODE] }, null) };
const DESKTOPS = ["lab-1", "lab-2", "Élodie"].map((name) => ({ id: name, name, host: "host", online: true }));

interface Fixture {
  readonly viewer: FormatViewer;
  readonly server: PromptServer;
  readonly clock: ManualClock;
  readonly inputs: ScreenInput[];
  readonly served: Promise<unknown>;
  readonly streams: readonly [MemoryDuplex, MemoryDuplex];
  show(state: ScreenState): Uint32Array;
}

const abort = new AbortController();
let fixture: Fixture;
afterEach(() => {
  for (const stream of fixture.streams) stream.destroy();
});

/** What a screen looks like, painted at once. */
function paint(state: ScreenState): Uint32Array {
  const canvas = new Canvas(SCREEN_SIZE.width, SCREEN_SIZE.height);
  paintScreen(canvas, layOutScreen(state).items);
  return canvas.pixels;
}

async function open(chop?: (chunk: Buffer) => Iterable<Buffer>): Promise<Fixture> {
  const clock = new ManualClock();
  const near = new MemoryDuplex();
  const far = new MemoryDuplex(chop === undefined ? {} : { chop });
  MemoryDuplex.connect(near, far);
  const inputs: ScreenInput[] = [];
  const server = new PromptServer({
    stream: near,
    clock,
    signal: abort.signal,
    slices: new PaintSlices(),
    onInput: (input) => inputs.push(input),
  });
  const served = server.serve().catch((error: unknown) => error);
  const viewer = new FormatViewer(far);
  await viewer.readServerInit();
  const show = (state: ScreenState): Uint32Array => {
    server.show(layOutScreen(state));
    return paint(state);
  };
  onTestFinished(() => {
    server.close();
  });
  fixture = { viewer, server, clock, inputs, served, streams: [near, far], show };
  return fixture;
}

/** Pictures are apart by a frame's time, which the test's clock does not spend. */
async function readNext({ viewer, clock, server }: Fixture): ReturnType<FormatViewer["readUpdate"]> {
  void server;
  const timer = setInterval(() => {
    clock.advance(PROXY_LIMITS.promptFrameMs);
  }, 2);
  return await viewer.readUpdate().finally(() => {
    clearInterval(timer);
  });
}

function differ(one: Uint32Array, other: Uint32Array, most: number): number {
  let count = 0;
  one.forEach((pixel, at) => {
    const far = [16, 8, 0].some(
      (shift) => Math.abs(((pixel >> shift) & 255) - ((other[at]! >> shift) & 255)) > most,
    );
    if (far) count++;
  });
  return count;
}

test("ServerInit says what the screen is", async () => {
  const { viewer } = await open();
  expect([viewer.width, viewer.height, viewer.name]).toEqual([800, 600, "Postern"]);
});

describe("the picture", () => {
  test.each([
    ["native32", 0],
    ["bigEndian32", 0],
    ["rgb565", 5],
    ["bigEndian565", 5],
    ["bgr233", 43],
    ["colourMap8", 0],
  ] as const)("is the same in the format %s, by Raw and Hextile", async (format, exactness) => {
    const opened = await open();
    const wanted = opened.show(FORM);
    opened.viewer.setFormat(WIRE_FORMATS[format]);
    opened.viewer.requestUpdate();
    await readNext(opened);
    expect(differ(opened.viewer.pixels, wanted, exactness)).toBe(0);
    opened.viewer.pixels.fill(0);
    opened.viewer.setEncodings(5, 0);
    opened.viewer.requestUpdate();
    await readNext(opened);
    expect(differ(opened.viewer.pixels, wanted, exactness)).toBe(0);
  });

  test("comes again only where it changed", async () => {
    const opened = await open();
    opened.viewer.setEncodings(5);
    opened.show(FORM);
    opened.viewer.requestUpdate();
    await readNext(opened);
    opened.viewer.requestUpdate(true);
    const typed = applyScreenInput(FORM, { type: "key", keysym: 0x37, isDown: true }).state;
    const wanted = opened.show(typed);
    const rectangles = await readNext(opened);
    expect(differ(opened.viewer.pixels, wanted, 0)).toBe(0);
    const area = rectangles.reduce((sum, { width, height }) => sum + width * height, 0);
    expect(area).toBeLessThan(4 * 1024);
  });

  test("is given again as a whole when it is asked for", async () => {
    const opened = await open();
    const wanted = opened.show(FORM);
    for (let round = 0; round < 2; round++) {
      opened.viewer.pixels.fill(0);
      opened.viewer.requestUpdate();
      await readNext(opened);
      expect(differ(opened.viewer.pixels, wanted, 0)).toBe(0);
    }
  });

  test("comes to a viewer that asks for a part beyond the screen, too", async () => {
    const opened = await open();
    const wanted = opened.show(FORM);
    opened.viewer.write(3, 0, 0, 0, 0, 0, 255, 255, 255, 255);
    await readNext(opened);
    expect(differ(opened.viewer.pixels, wanted, 0)).toBe(0);
  });
});

test("keys, pointer and clipboard are reported, one byte at a time too", async () => {
  const list: ScreenState = { ...BASE, page: showList(DESKTOPS, null) };
  const { viewer, inputs, show } = await open((chunk) => [...chunk].map((byte) => Buffer.from([byte])));
  show(list);
  viewer.pressKey(0xff0d);
  viewer.click(200, 215);
  viewer.sendCutText("1é");
  await waitFor("the inputs", () => Promise.resolve(inputs.length === 5));
  expect(inputs).toEqual([
    { type: "key", keysym: 0xff0d, isDown: true },
    { type: "key", keysym: 0xff0d, isDown: false },
    { type: "pointer", target: { kind: "row", index: 0 }, gesture: "press" },
    { type: "pointer", target: { kind: "row", index: 0 }, gesture: "move" },
    { type: "clipboard", text: "1é" },
  ]);
});

test("of a long message the beginning is kept, and the next one is read", async () => {
  const { viewer, inputs, show } = await open();
  show(FORM);
  const long = 200_000;
  viewer.write(6, 0, 0, 0, 0, long >> 16, (long >> 8) & 255, long & 255);
  for (let sent = 0; sent < long; sent += 1000) viewer.write(...Array<number>(1000).fill(0x61));
  viewer.pressKey(0x62);
  await waitFor("the key", () => Promise.resolve(inputs.some(({ type }) => type === "key")));
  expect(inputs[0]).toMatchObject({ type: "clipboard" });
  expect(inputs[0]?.type === "clipboard" && inputs[0].text.length).toBe(PROXY_LIMITS.promptMessageBytes - 8);
});

test("more than a viewer may send ends it", async () => {
  const { viewer, show, served } = await open();
  show(FORM);
  const long = PROXY_LIMITS.promptBytes;
  viewer.write(6, 0, 0, 0, long >>> 24, (long >> 16) & 255, (long >> 8) & 255, long & 255);
  const piece = Array<number>(65_536).fill(0);
  for (let sent = 0; sent < long; sent += piece.length) viewer.write(...piece);
  expect(await served).toMatchObject({ code: "HANDSHAKE_LIMIT" });
});

test("a message of unknown length ends it", async () => {
  const { viewer, served } = await open();
  viewer.write(7);
  expect(await served).toMatchObject({ code: "RFB_CLIENT_MESSAGE" });
});

test("without a key for two minutes it is over; pictures alone keep nothing open", async () => {
  const { viewer, clock, served, inputs, show } = await open();
  show(FORM);
  clock.advance(PROXY_LIMITS.promptIdleMs - 1);
  viewer.pressKey(0x61);
  await waitFor("the key", () => Promise.resolve(inputs.length === 2));
  clock.advance(PROXY_LIMITS.promptIdleMs - 1);
  viewer.requestUpdate();
  await viewer.readUpdate();
  clock.advance(1);
  expect(await served).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
});

test("a pointer is drawn by viewers that can, and SetDesktopSize is refused in words", async () => {
  const opened = await open();
  opened.show(FORM);
  opened.viewer.setEncodings(5, -239, -308);
  opened.viewer.requestUpdate();
  const first = await readNext(opened);
  expect(first[0]).toMatchObject({ encoding: -239, x: 0, y: 0, width: 10 });
  opened.viewer.write(251, 0, 4, 0, 3, 0, 1, 0, ...Array<number>(16).fill(0));
  opened.viewer.requestUpdate(true);
  const [answer] = await readNext(opened);
  expect(answer).toMatchObject({ encoding: -308, x: 1, y: 1, width: 800, height: 600 });
  expect(opened.viewer.width).toBe(800);
});

describe("becoming another screen", () => {
  const screen = { width: 1024, height: 768, name: "lab-1", pixelFormat: NATIVE_FORMAT };

  test.each([
    ["by DesktopSize", [5, -223, -308, -307, -239], -223],
    ["by ExtendedDesktopSize where it is the only one", [5, -308], -308],
  ] as const)("%s, and what the viewer said is handed on", async (_how, encodings, used) => {
    const opened = await open();
    opened.show(FORM);
    opened.viewer.setFormat(WIRE_FORMATS.rgb565);
    opened.viewer.setEncodings(...encodings);
    opened.viewer.requestUpdate();
    await readNext(opened);
    expect(opened.server.canResize).toBe(true);
    const became = opened.server.become(screen);
    // It waits until the viewer asks, and until the message that has begun is whole.
    opened.viewer.requestUpdate(true);
    const rectangles = await opened.viewer.readUpdate();
    expect(rectangles.at(-1)).toMatchObject({ encoding: used, x: 0, y: 0, width: 1024, height: 768 });
    const wire = await became;
    expect(wire.subarray(0, 20)).toEqual(Buffer.from([0, 0, 0, 0, ...WIRE_FORMATS.rgb565]));
    expect(wire.subarray(20, 24 + 4 * encodings.length).readUInt16BE(2)).toBe(encodings.length);
    expect(wire.subarray(-10)).toEqual(Buffer.from([3, 0, 0, 0, 0, 0, 4, 0, 3, 0]));
    expect(rectangles.some(({ name }) => name === "lab-1")).toBe(encodings.some((one) => one === -307));
  });

  test("what the viewer sends next stays in the stream, from the first byte of a message on", async () => {
    const opened = await open();
    const [near] = opened.streams;
    opened.show(FORM);
    opened.viewer.setEncodings(5, -223);
    opened.viewer.requestUpdate();
    await readNext(opened);
    opened.viewer.requestUpdate(true);
    opened.viewer.write(4, 1, 0, 0);
    const became = opened.server.become(screen);
    await opened.viewer.readUpdate();
    opened.viewer.write(0, 0, 0, 0x41);
    const replay = await became;
    opened.viewer.write(4, 0, 0, 0, 0, 0, 0, 0x41);
    near.unshift(replay);
    const expected = replay.length + 8;
    await waitFor("the rest", () => Promise.resolve(near.readableLength === expected));
    expect((near.read(expected) as Buffer).subarray(-8)).toEqual(Buffer.from([4, 0, 0, 0, 0, 0, 0, 0x41]));
    expect(opened.inputs.at(-1)).toEqual({ type: "key", keysym: 0x41, isDown: true });
  });

  test("not where the viewer cannot be told", async () => {
    const opened = await open();
    opened.show(FORM);
    opened.viewer.setEncodings(5, -239);
    opened.viewer.requestUpdate();
    await readNext(opened);
    expect(opened.server.canResize).toBe(false);
  });

  test("a viewer that asks for no picture meanwhile is given up", async () => {
    const opened = await open();
    opened.viewer.setEncodings(5, -223);
    opened.viewer.pressKey(0x61);
    await waitFor("the key", () => Promise.resolve(opened.inputs.length === 2));
    void opened.server.become(screen);
    await Promise.resolve();
    opened.clock.advance(PROXY_LIMITS.promptChangeMs);
    expect(await opened.served).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  });
});
