import { readFile } from "node:fs/promises";
import path from "node:path";
import { type XDisplay, startXServer } from "../x-display.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import { Bitmap } from "../bitmap.ts";

/** A screen in memory whose pixels can be read at once, without asking the X server. */
export interface XvfbScreen {
  readonly display: XDisplay;
  /** The same object as long as nothing changes: whoever waits for a change costs the machine little. */
  takePicture(): Promise<Bitmap>;
}

const COLOURS_AT = 76;
const COLOUR_BYTES = 12;

export async function startXvfbScreen(
  cleanup: CleanupStack,
  width: number,
  height: number,
): Promise<XvfbScreen> {
  const folder = await cleanup.makeFolder();
  const screen = ["-screen", "0", `${width}x${height}x24`, "-fbdir", folder];
  const { display } = await startXServer(cleanup, "Xvfb", screen);
  const file = path.join(folder, "Xvfb_screen0");
  let [dump, picture] = [Buffer.alloc(0), new Bitmap(0, 0, Buffer.alloc(0))];
  return {
    display,
    takePicture: async () => {
      const now = await readFile(file);
      if (!now.equals(dump)) [dump, picture] = [now, decodeXwd(now, width, height)];
      return picture;
    },
  };
}

/** X's dump: a header that tells its own length, a table of colours, then blue, green, red and nothing for each pixel. */
function decodeXwd(dump: Buffer, width: number, height: number): Bitmap {
  const begin = dump.readUInt32BE(0) + COLOUR_BYTES * dump.readUInt32BE(COLOURS_AT);
  const bytes = 4 * width * height;
  if (dump.length < begin + bytes) throw new Error("The screen's file is too short.");
  const data = Buffer.alloc(bytes, 255);
  for (let at = 0; at < bytes; at += 4) {
    data[at] = dump[begin + at + 2]!;
    data[at + 1] = dump[begin + at + 1]!;
    data[at + 2] = dump[begin + at]!;
  }
  return new Bitmap(width, height, data);
}
