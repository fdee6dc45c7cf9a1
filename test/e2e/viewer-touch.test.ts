// A person with a phone: what their fingers do on the picture reaches the desktop as a mouse, and their keyboard as keys.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { startQemuVnc } from "../support/vnc-servers.ts";
import { waitFor } from "../support/wait-for.ts";
import { openWall } from "./browser-steps.ts";
import { viewDesktop } from "./viewer-steps.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

const cleanup = new CleanupStack();
let trace: string;
let server: PosternServer;
let page: Page;
let cdp: CDPSession;

beforeAll(async () => {
  trace = path.join(await cleanup.makeFolder(), "trace");
  const events = ["btn", "abs", "key_qcode"].flatMap((kind) => ["-trace", `input_event_${kind}`]);
  const { endpoint } = await startQemuVnc(
    cleanup,
    "",
    [],
    // A tablet, as machines have one; the mouse of a PC would come before it.
    [
      ...[...events, "-D", trace, "-machine", "q35,i8042=off"],
      ...["-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci"],
    ],
  );
  server = await startServerProgram(cleanup);
  await startAgentProgram(cleanup, server, { desktops: { phone: endpoint } });
  page = await openWall(cleanup, server, server.origin, { width: 390, height: 844, isPhone: true });
  cdp = await page.context().newCDPSession(page);
}, 120_000);
afterAll(() => cleanup.close());

beforeEach(async () => {
  await page.evaluate(`localStorage.removeItem("postern.touch")`);
  await viewDesktop(page, server, "phone");
});

/** What the guest was told since `from`: buttons and keys go down (`+left`) and up, the pointer is at X, Y of 0 to 1. */
async function readEvents(from: number): Promise<{ readonly words: string[]; readonly at: Place | null }> {
  const text = (await readFile(trace, "utf8").catch(() => "")).slice(from);
  const words: string[] = [];
  const at: { x?: number; y?: number } = {};
  for (const [, button, pressed, axis, value, key, down] of text.matchAll(
    /button (\S+), down (\d)|axis (\S+), value (0x[0-9a-f]+)|key qcode (\S+), down (\d)/g,
  )) {
    if (button !== undefined) words.push(`${pressed === "1" ? "+" : "-"}${button}`);
    if (key !== undefined) words.push(`${down === "1" ? "+" : "-"}${key}`);
    if (axis === "x" || axis === "y") at[axis] = Number(value) / 0x7fff;
  }
  const { x, y } = at;
  return { words, at: x === undefined || y === undefined ? null : { x, y } };
}

async function mark(): Promise<number> {
  return (await stat(trace).catch(() => ({ size: 0 }))).size;
}

async function expectWords(from: number, words: readonly string[]): Promise<Place | null> {
  await waitFor("the guest's input", async () => (await readEvents(from)).words.length >= words.length).catch(
    () => undefined,
  );
  const { words: told, at } = await readEvents(from);
  expect(told).toEqual(words);
  return at;
}

async function put(fingers: readonly Place[], type: "touchStart" | "touchMove" | "touchEnd"): Promise<void> {
  await cdp.send("Input.dispatchTouchEvent", {
    type,
    touchPoints: fingers.map(({ x, y }, id) => ({ x, y, id })),
  });
}

async function tap(...fingers: Place[]): Promise<void> {
  await put(fingers, "touchStart");
  await put([], "touchEnd");
}

/** Fingers go down and along these places, and up. */
async function slide(...steps: (readonly Place[])[]): Promise<void> {
  const [first = [], ...rest] = steps;
  await put(first, "touchStart");
  for (const step of rest) await put(step, "touchMove");
  await put([], "touchEnd");
}

interface Box extends Place {
  readonly width: number;
  readonly height: number;
}

async function findPicture(): Promise<Box> {
  return (await page.locator(".viewer-place canvas").boundingBox())!;
}

/** A place of the picture, by shares of its size. */
async function place(x: number, y: number): Promise<Place> {
  const box = await findPicture();
  return { x: box.x + box.width * x, y: box.y + box.height * y };
}

const beside = ({ x, y }: Place, dx: number, dy = 0): Place => ({ x: x + dx, y: y + dy });

async function showBar(): Promise<void> {
  const handle = page.getByRole("button", { name: "Show the bar" });
  await waitFor("the bar", async () => {
    if (await page.getByRole("toolbar", { name: "Viewer" }).isVisible()) return true;
    await handle.tap();
    return false;
  });
}

async function chooseTouch(name: "Trackpad"): Promise<void> {
  await showBar();
  await page.getByRole("button", { name: "Picture and line" }).tap();
  await page.getByRole("button", { name, exact: true }).tap();
  await page.getByRole("button", { name: "Picture and line" }).tap();
}

test("touch: taps click where the finger is, rests are the right button, drags hold the left one", async () => {
  const target = await place(0.25, 0.75);
  const taps: [Place[], string[]][] = [
    [[target], ["+left", "-left"]],
    [
      [target, beside(target, 40)],
      ["+right", "-right"],
    ],
  ];
  for (const [fingers, words] of taps) {
    const from = await mark();
    await tap(...fingers);
    const at = await expectWords(from, words);
    expect(at!.x).toBeCloseTo(0.25, 1);
    expect(at!.y).toBeCloseTo(0.75, 1);
  }
  const rest = await mark();
  await put([target], "touchStart");
  await waitFor("the right button", async () => (await readEvents(rest)).words.includes("+right"));
  await put([], "touchEnd");
  await expectWords(rest, ["+right", "-right"]);
  const drag = await mark();
  await slide([target], [beside(target, 40)], [await place(0.75, 0.25)]);
  const at = await expectWords(drag, ["+left", "-left"]);
  expect(at!.x).toBeCloseTo(0.75, 1);
  expect(at!.y).toBeCloseTo(0.25, 1);
});

test("two fingers turn the wheel, and part to zoom; a tap on the zoomed picture clicks what it shows", async () => {
  const middle = await place(0.5, 0.5);
  const from = await mark();
  const pair = (dy: number) => [beside(middle, -20, dy), beside(middle, 20, dy)];
  await slide(pair(0), pair(-12), pair(-64), pair(-116));
  await expectWords(from, ["+wheel-down", "-wheel-down", "+wheel-down", "-wheel-down"]);

  const before = await findPicture();
  const corner = await place(0.25, 0.25);
  const apart = (gap: number) => [beside(corner, -gap), beside(corner, gap)];
  await slide(apart(20), apart(32), apart(64));
  const zoomed = await findPicture();
  expect(zoomed.width / before.width).toBeCloseTo(2, 0);
  const click = await mark();
  // The zoom kept what is between the fingers.
  await tap(corner);
  const at = await expectWords(click, ["+left", "-left"]);
  expect(at!.x).toBeCloseTo(0.25, 1);
  expect(at!.y).toBeCloseTo(0.25, 1);
  // Two fingers move it now, and nothing of that reaches the desktop.
  const quiet = await mark();
  await slide(
    pair(0),
    pair(0).map((one) => beside(one, -12)),
    pair(0).map((one) => beside(one, -60)),
  );
  expect((await findPicture()).x).toBeLessThan(zoomed.x);
  expect((await readEvents(quiet)).words).toEqual([]);
  await showBar();
  await page.getByRole("button", { name: "Whole picture" }).tap();
  expect((await findPicture()).width).toBeCloseTo(before.width, 0);
});

test("trackpad: the finger pushes the pointer from where it is, taps click there, a tap and a move drag", async () => {
  await chooseTouch("Trackpad");
  // Below the picture: a trackpad is everywhere.
  const pad = { x: 60, y: 700 };
  const first = await mark();
  await tap(pad);
  const start = await expectWords(first, ["+left", "-left"]);
  expect(start!.x).toBeCloseTo(0.5, 1);
  const move = await mark();
  await slide([pad], [beside(pad, 20)], [beside(pad, 40)], [beside(pad, 60)]);
  const moved = await waitFor("a move", async () => {
    const { at } = await readEvents(move);
    return at !== null && at.x > start!.x + 0.15 && at;
  });
  expect((await readEvents(move)).words).toEqual([]);
  const click = await mark();
  await tap(pad, beside(pad, 50));
  const at = await expectWords(click, ["+right", "-right"]);
  expect(at?.x ?? moved.x).toBeCloseTo(moved.x, 1);
  const drag = await mark();
  await tap(pad);
  await slide([pad], [beside(pad, -20)], [beside(pad, -40)]);
  const dropped = await expectWords(drag, ["+left", "-left"]);
  expect(dropped!.x).toBeLessThan(moved.x);
});

test("keys for a phone: a modifier holds for one key or until it is touched again, and the field keeps the focus", async () => {
  await page.getByRole("button", { name: "On-screen keyboard" }).tap();
  const keys = page.getByRole("group", { name: "On-screen keyboard" });
  const control = keys.getByRole("button", { name: "Ctrl" });
  const from = await mark();
  await control.tap();
  await page.keyboard.insertText("c");
  await waitFor("its end", async () => (await control.getAttribute("aria-pressed")) === "false");
  await page.keyboard.insertText("d");
  await control.tap();
  await control.tap();
  await keys.getByRole("button", { name: "←" }).tap();
  await keys.getByRole("button", { name: "F1–F12" }).tap();
  await keys.getByRole("button", { name: "F5" }).tap();
  await control.tap();
  // A tap on the picture does not close it.
  await tap(await place(0.5, 0.5));
  await keys.getByRole("button", { name: "Esc" }).tap();
  await expectWords(from, [
    ...["+ctrl", "+c", "-c", "-ctrl", "+d", "-d"],
    ...["+ctrl", "+left", "-left", "+f5", "-f5", "-ctrl"],
    ...["+left", "-left", "+esc", "-esc"],
  ]);
  await page.getByRole("button", { name: "On-screen keyboard" }).first().tap();
  await keys.waitFor({ state: "hidden" });
});
