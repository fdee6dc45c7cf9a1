import { Canvas, TOKEN_ALPHABET } from "../../protocol/index.ts";
import {
  layOutScreen,
  paintScreen,
  SCREEN_SIZE,
  type ScreenLayout,
} from "../../proxy/prompt/screen-layout.ts";
import type { ScreenPage } from "../../proxy/prompt/screen-state.ts";
import { fillWording, SCREEN_WORDS } from "../../proxy/prompt/screen-words.ts";

/** 0xRRGGBB of a place of the screen. */
export type ReadPixel = (x: number, y: number) => number;

/** A pointer may cover so much. */
const COVERED = 500;

/** Whether a viewer shows this page of the sign-in screen, in English. */
export function showsPage(readPixel: ReadPixel, page: ScreenPage): boolean {
  const canvas = new Canvas(SCREEN_SIZE.width, SCREEN_SIZE.height);
  paintScreen(canvas, layOut(page));
  let wrong = 0;
  for (const [at, pixel] of canvas.pixels.entries()) {
    const [x, y] = [at % SCREEN_SIZE.width, Math.floor(at / SCREEN_SIZE.width)];
    if (isFar(readPixel(x, y), pixel)) wrong += 1;
    if (wrong > COVERED) return false;
  }
  return true;
}

/** The hand-over code that a sign-in screen shows for this desktop, in English, read letter by letter; null: it shows none. */
export function readHandOverCode(readPixel: ReadPixel, desktopName: string): string | null {
  const text = fillWording(SCREEN_WORDS.connectAgain, { name: desktopName, seconds: 60 });
  const found: string[] = [];
  for (const letter of TOKEN_ALPHABET) {
    const items = layOut({
      ...({ kind: "notice", title: SCREEN_WORDS.again, text, isBusy: false } as const),
      code: letter.repeat(8),
    });
    const places = items.filter((item) => item.kind === "text" && item.text === letter);
    const strip = new Canvas(SCREEN_SIZE.width, places[0]?.height ?? 0);
    strip.top = places[0]?.y ?? 0;
    paintScreen(strip, items);
    places.forEach(({ x, y, width, height }, index) => {
      for (let row = 0; row < height; row++)
        for (let column = x; column < x + width; column++)
          if (isFar(readPixel(column, y + row), strip.pixels[row * SCREEN_SIZE.width + column] ?? 0)) return;
      found[index] = letter;
    });
  }
  const code = found.join("");
  return code.length === 8 ? code : null;
}

/** Viewers may round colours. */
function isFar(one: number, other: number): boolean {
  return [16, 8, 0].some((shift) => Math.abs(((one >> shift) & 255) - ((other >> shift) & 255)) > 24);
}

function layOut(page: ScreenPage): ScreenLayout["items"] {
  const state = { language: "en", clipboard: "", hasControl: false, hasShift: false, page } as const;
  return layOutScreen(state).items;
}
