// Draws a scene on an X display at its rate, the same pixels in each run. Started by `fork` with the display's name; the
// parent names the scene.
import { setTimeout as delay } from "node:timers/promises";
import { SCENES, SCREEN, type SceneName } from "./scenes.ts";
import { TILED, X11Connection } from "./x11-connection.ts";

export interface PainterReport {
  readonly scene: SceneName;
  /** Frames drawn since the scene began. */
  readonly frames: number;
}

/** The font that every X server has inside. */
const FONT = "fixed";
const CHAR_WIDTH = 6;
const LINE_HEIGHT = 13;
const BASELINE = 11;
const BLACK = 0;
const WHITE = 0xffffff;
const SCROLL_PIXELS = 3 * LINE_HEIGHT;
const MOTION_PIXELS = { x: 12, y: 7 } as const;

type DrawFrame = (index: number) => void;

/** Numbers from 0 to 1 that are the same each time. */
function* generateNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const numbers = generateNumbers(1);
const nextNumber = (): number => numbers.next().value;

function makeLine(length: number): string {
  let line = "";
  while (line.length < length) {
    const letters = Array.from({ length: 2 + Math.floor(nextNumber() * 9) }, () =>
      String.fromCharCode(97 + Math.floor(nextNumber() * 26)),
    );
    line += `${letters.join("")} `;
  }
  return line.slice(0, length);
}

function prepareTyping(x11: X11Connection, context: number): DrawFrame {
  const columns = 80;
  const { root } = x11.screen;
  x11.changeContext(context, { foreground: WHITE });
  x11.fill(root, context, { x: 0, y: 0, ...SCREEN });
  x11.changeContext(context, { foreground: BLACK });
  return (index) => {
    const place = (at: number) => ({
      x: 100 + (at % columns) * CHAR_WIDTH,
      y: 100 + (Math.floor(at / columns) % 60) * LINE_HEIGHT,
    });
    const { x, y } = place(index);
    const letter = String.fromCharCode(97 + (index % 26));
    x11.drawText(root, context, { text: letter, x, y: y + BASELINE, charWidth: CHAR_WIDTH });
    x11.fill(root, context, { ...place(index + 1), width: CHAR_WIDTH, height: LINE_HEIGHT });
  };
}

/** Drawn again at each step, as browsers and editors do: no copy that a VNC server could tell. */
function prepareScrolling(x11: X11Connection, context: number): DrawFrame {
  const page = x11.createPixmap(SCREEN.width, SCREEN.height);
  x11.changeContext(context, { foreground: WHITE });
  x11.fill(page, context, { x: 0, y: 0, ...SCREEN });
  x11.changeContext(context, { foreground: BLACK });
  for (let y = 0; y + LINE_HEIGHT <= SCREEN.height; y += LINE_HEIGHT) {
    const text = makeLine(Math.floor(SCREEN.width / CHAR_WIDTH));
    x11.drawText(page, context, { text, x: 0, y: y + BASELINE, charWidth: CHAR_WIDTH });
  }
  const tiled = x11.createContext({ fillStyle: TILED, tile: page });
  return (index) => {
    x11.changeContext(tiled, { tileY: -((index * SCROLL_PIXELS) % SCREEN.height) });
    x11.fill(x11.screen.root, tiled, { x: 0, y: 0, width: SCREEN.width, height: SCREEN.height / 2 });
  };
}

/** A picture that moves, with as many colours as a film. */
function prepareMotion(x11: X11Connection, context: number): DrawFrame {
  const { width, height } = SCREEN;
  const picture = x11.createPixmap(width, height);
  x11.putImage(picture, context, { x: 0, y: 0, width, height }, makePhotograph(width, height));
  const tiled = x11.createContext({ fillStyle: TILED, tile: picture });
  return (index) => {
    const tileX = (index * MOTION_PIXELS.x) % width;
    const tileY = (index * MOTION_PIXELS.y) % height;
    x11.changeContext(tiled, { tileX, tileY });
    x11.fill(x11.screen.root, tiled, { x: 0, y: 0, width, height });
  };
}

/** Waves and a little noise: compresses as a photograph does. */
function makePhotograph(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(4 * width * height);
  const wave = (at: number, length: number) => Math.sin((at / length) * 2 * Math.PI);
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, at += 4) {
      const light = 128 + 40 * wave(x, 480) + 40 * wave(y, 270) + 8 * (nextNumber() - 0.5);
      pixels[at] = light + 30 * wave(x + y, 120);
      pixels[at + 1] = light + 30 * wave(x - y, 160);
      pixels[at + 2] = light + 30 * wave(x + 2 * y, 90);
    }
  return pixels;
}

const PREPARE = {
  typing: prepareTyping,
  scrolling: prepareScrolling,
  motion: prepareMotion,
} as const satisfies Record<SceneName, (x11: X11Connection, context: number) => DrawFrame>;

const x11 = await X11Connection.open(process.argv[2] ?? "");
const font = x11.openFont(FONT);
let current: PainterReport | undefined;

async function paint(scene: SceneName): Promise<void> {
  const context = x11.createContext({ foreground: BLACK, background: WHITE, font });
  const draw = PREPARE[scene](x11, context);
  const { framesPerSecond } = SCENES.find(({ name }) => name === scene) ?? { framesPerSecond: 1 };
  draw(0);
  await x11.sync();
  const report = { scene, frames: 0 };
  current = report;
  process.send?.(report);
  // A late frame delays the next ones: a burst would be another scene.
  for (let due = performance.now(); current === report;) {
    due = Math.max(due + 1_000 / framesPerSecond, performance.now());
    await delay(Math.max(0, due - performance.now()));
    report.frames += 1;
    draw(report.frames);
  }
}

process.on("disconnect", () => process.exit());
// A scene's name starts it; anything else asks how far the current one is.
process.on("message", (message: { readonly scene?: SceneName }) => {
  if (message.scene === undefined) process.send?.(current ?? {});
  else void paint(message.scene);
});
process.send?.({});
