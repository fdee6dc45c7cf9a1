import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hasFreeSpace } from "../../../../launcher/machine/housekeeping.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("free space is needed on every file system", async () => {
  expect(await hasFreeSpace([join(folder, "a"), join(folder, "b")])).toBe(true);
  expect(await hasFreeSpace([join(folder, "a"), "/proc/version"])).toBe(false);
  await expect(hasFreeSpace([join(folder, "none", "a")])).rejects.toThrow();
});
