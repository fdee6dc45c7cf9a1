import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readBootLog, trimBootLog } from "../../../../launcher/machine/boot-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a boot log", () => {
  test("shows its end, and says whether there is more", async () => {
    const file = join(folder, "serial.log");
    expect(await readBootLog(file)).toEqual({ text: "", truncated: false });
    writeFileSync(file, "all of it");
    expect(await readBootLog(file)).toEqual({ text: "all of it", truncated: false });
    writeFileSync(file, `${"x".repeat(128 * 1024)}the end`);
    const { text, truncated } = await readBootLog(file);
    expect([text.length, text.endsWith("xthe end"), truncated]).toEqual([128 * 1024, true, true]);
  });

  test("that grew too long keeps its end, and grows on", async () => {
    const file = join(folder, "serial.log");
    const limit = 4 * 1024 * 1024;
    writeFileSync(file, "x".repeat(limit));
    await trimBootLog(file);
    expect(statSync(file).size).toBe(limit);
    appendFileSync(file, "y");
    await trimBootLog(file);
    expect(statSync(file).size).toBe(1024 * 1024);
    appendFileSync(file, "z");
    expect((await readBootLog(file)).text.endsWith("xyz")).toBe(true);
    await trimBootLog(join(folder, "none"));
  });
});
