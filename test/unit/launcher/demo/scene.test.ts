import { describe, expect, test } from "vitest";
import { demoClientMessage } from "../../../../launcher/demo/demo-viewer.ts";
import { nameKey } from "../../../../launcher/demo/key-names.ts";
import { Scene, SCENE_HEIGHT, SCENE_WIDTH } from "../../../../launcher/demo/scene.ts";
import { Canvas, findChanges, findCharacter, FrameDecoder } from "../../../../protocol/index.ts";

describe("the scene", () => {
  const date = new Date(2026, 0, 2, 3, 4, 5);
  function paint(scene: Scene, at: number): Canvas {
    const canvas = new Canvas(SCENE_WIDTH, SCENE_HEIGHT);
    scene.paint(canvas, at, date);
    return canvas;
  }
  const count = (canvas: Canvas, colour: number): number =>
    canvas.pixels.filter((pixel) => pixel === colour).length;

  test("moves by itself, and not all of it", () => {
    const scene = new Scene();
    const [first, second] = [paint(scene, 1000), paint(scene, 1200)];
    const changed = findChanges(first.pixels, second.pixels, SCENE_WIDTH, SCENE_HEIGHT);
    const area = changed
      .take({ x: 0, y: 0, width: SCENE_WIDTH, height: SCENE_HEIGHT })
      .reduce((sum, { width, height }) => sum + width * height, 0);
    expect(area).toBeGreaterThan(5000);
    expect(area).toBeLessThan(120_000);
  });

  test("shows what was typed, and takes it back", () => {
    const scene = new Scene();
    const before = count(paint(scene, 0), 0xe8edf6);
    scene.typeKey(0x41);
    expect(count(paint(scene, 0), 0xe8edf6)).toBeGreaterThan(before);
    scene.typeKey(0xff08);
    expect(count(paint(scene, 0), 0xe8edf6)).toBe(before);
  });

  test("takes any number of keys and any position", () => {
    const scene = new Scene();
    for (let key = 0; key < 300; key++) scene.typeKey(key % 20 === 0 ? 0xff0d : 0x20 + (key % 95));
    scene.typeKey(0xffffffff);
    scene.movePointer(65_535, 65_535, 255, 10);
    paint(scene, 20);
  });

  test("the trail fades", () => {
    const scene = new Scene();
    scene.movePointer(100, 30, 0, 0);
    scene.movePointer(700, 30, 0, 10);
    const at = 30 * SCENE_WIDTH + 100;
    expect(paint(scene, 20).pixels[at]).not.toBe(paint(scene, 2000).pixels[at]);
  });
});

test.each([
  [0x61, "a", "a"],
  [0x20, " ", "Space"],
  [0xff0d, undefined, "Enter"],
  [0xffbe, undefined, "F1"],
  [0x010020ac, "€", "€"],
  [0x12345, undefined, "0x12345"],
])("key %i", (keysym, character, name) => {
  expect(findCharacter(keysym)).toBe(character);
  expect(nameKey(keysym)).toBe(name);
});

test("viewers' messages are cut where they end, one byte at a time too", () => {
  const messages = [
    [4, 1, 0, 0, 0, 0, 0, 0x41],
    [5, 0, 0, 9, 0, 9],
    [2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5],
    [6, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69],
    [255, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
  ].map((message) => Buffer.from(message));
  const whole = Buffer.concat(messages);
  for (const step of [1, 3, whole.length]) {
    const seen: string[] = [];
    const decoder = new FrameDecoder(demoClientMessage, (message) => seen.push(message.toString("hex")));
    for (let at = 0; at < whole.length; at += step) decoder.push(whole.subarray(at, at + step));
    expect(seen).toEqual(messages.map((message) => message.toString("hex")));
  }
});
