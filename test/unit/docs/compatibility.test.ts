import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findBars, paintBars } from "../../support/matrix/bars.ts";
import { describeMatrix, SHOWN } from "../../support/matrix/compatibility-page.ts";
import { SERVER_KINDS } from "../../support/matrix/server-kinds.ts";
import { VIEWER_KINDS } from "../../support/matrix/viewer-kinds.ts";
import { readDocument } from "./source-codes.ts";

const MAX_PICTURE_BYTES = 100_000;

/** The table of versions at the end: they are those of the machine where the page was written. */
function readVersions(page: string): Record<string, string> {
  const [, table = ""] = page.split("| Debian package | version |\n| --- | --- |\n");
  const rows = [...table.matchAll(/^\| (\S+) \| (\S+) \|$/gm)];
  return Object.fromEntries(rows.map(([, name, version]) => [name!, version!]));
}

describe("docs/compatibility.md", () => {
  it("is what the cells that npm run test:compat runs make of it", async () => {
    const page = await readDocument("compatibility.md");
    const versions = readVersions(page);
    expect(Object.keys(versions)).toEqual(expect.arrayContaining(VIEWER_KINDS.map(({ program }) => program)));
    expect(page).toBe(describeMatrix(versions));
  });

  it("claims no cell more and no cell less", async () => {
    const cells = (await readDocument("compatibility.md")).split(`| ${SHOWN} `).length - 1;
    expect(cells).toBe(VIEWER_KINDS.length * SERVER_KINDS.length);
  });

  it.each(VIEWER_KINDS)("has a small picture of $title", async ({ id }) => {
    const file = new URL(`../../../docs/screenshots/compat-${id}.png`, import.meta.url);
    const { size } = await stat(fileURLToPath(file));
    expect(size).toBeGreaterThan(1_000);
    expect(size).toBeLessThan(MAX_PICTURE_BYTES);
  });
});

describe("the proof in a cell", () => {
  const SIZE = { width: 320, height: 200 };

  it("knows each server's picture, and takes no other one for it", () => {
    for (const shown of SERVER_KINDS.keys()) {
      const picture = paintBars(shown, SIZE);
      for (const wanted of SERVER_KINDS.keys()) {
        const found = findBars(picture, wanted)!;
        expect(found).toMatchObject(SIZE);
        if (shown === wanted) expect(found.right).toBe(1);
        else expect(found.right).toBeLessThan(0.9);
      }
    }
  });

  it("finds nothing on an empty screen, and half a picture in half a size", () => {
    const picture = paintBars(5, SIZE);
    picture.data.fill(0, 4 * SIZE.width * 100);
    expect(findBars(picture, 5)).toMatchObject({ width: 320, height: 100 });
    picture.data.fill(0);
    expect(findBars(picture, 5)).toBeUndefined();
  });
});
