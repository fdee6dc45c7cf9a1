// Debian's graphical installer, seen and clicked through the browser.
import { afterAll, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour, Bitmap } from "../support/bitmap.ts";
import { startServerProgram } from "../support/postern.ts";
import { createMachine, readCanvas, openWall, waitForCanvas } from "../e2e/browser-steps.ts";

const WHITE: RgbColour = [255, 255, 255];
const BOOT_MS = 150_000;

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

/** The list of languages: a large white field in the middle of the window. */
function hasList(picture: Bitmap): boolean {
  return picture.width >= 800 && picture.count(WHITE, 4) > 0.25 * picture.width * picture.height;
}

test(
  "the installer boots to its language list, and a click selects an entry",
  { timeout: 240_000 },
  async () => {
    const server = await startServerProgram(cleanup, { command: "up", args: ["--accel", "tcg"] });
    const page = await openWall(cleanup, server);
    await createMachine(page, /Debian 12 installer/);
    await page.locator('article.monitor[data-state="running"]').waitFor({ timeout: BOOT_MS });
    await page
      .getByRole("link", { name: /^Connect/ })
      .first()
      .click();
    const before = await waitForCanvas(page, "the language list", hasList, BOOT_MS);

    // The picture is scaled into the page: a place on the guest's screen is a place on the canvas.
    const box = (await page.locator(".viewer-place canvas").first().boundingBox())!;
    const at = (x: number, y: number) => ({
      x: box.x + (x / before.width) * box.width,
      y: box.y + (y / before.height) * box.height,
    });
    // "English" is selected at first, in the lower half; two entries further up is another language.
    const target = { x: before.width * 0.35, y: before.height * 0.4 };
    const rowAt = (picture: Bitmap) => picture.at(Math.round(before.width * 0.85), Math.round(target.y));
    expect(isSelected(rowAt(before))).toBe(false);
    await page.mouse.click(at(target.x, target.y).x, at(target.x, target.y).y);
    await waitForCanvas(page, "the clicked entry selected", (picture) => isSelected(rowAt(picture)));
    expect((await readCanvas(page)).countDifferences(before)).toBeGreaterThan(0);
  },
);

/** The colour of a selected row: clearly not the white of the list. */
function isSelected([red, green, blue]: RgbColour): boolean {
  return red + green + blue < 600;
}
