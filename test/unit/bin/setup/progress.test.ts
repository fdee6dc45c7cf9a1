import { describe, expect, test } from "vitest";
import { KeptText, loadSetup, makeProgress } from "./load-setup.ts";

const { formatSeconds } = await loadSetup<{ formatSeconds(elapsedMs: number): string }>("progress.mjs");

test("durations are short", () => {
  expect([0, 3_240, 59_000, 60_000, 605_000].map(formatSeconds)).toEqual([
    "0.0 s",
    "3.2 s",
    "59.0 s",
    "1 min 00 s",
    "10 min 05 s",
  ]);
});

describe("a step", () => {
  test("is two plain lines where nobody watches", async () => {
    const kept = new KeptText();
    const progress = await makeProgress(kept);
    expect(await progress.step("Work", () => Promise.resolve(7))).toBe(7);
    expect(kept.text).toMatch(/^Work …\nWork: done in 0\.\d s\n$/);
  });

  test("is one line that ends as a tick on a terminal", async () => {
    const kept = new KeptText();
    const progress = await makeProgress(kept, true);
    await progress.step("Work", () => Promise.resolve());
    expect(kept.text).toMatch(/⠋ Work \(0\.0 s\)/);
    expect(kept.text).toMatch(/\r\x1b\[2K✓ Work \(0\.\d s\)\n$/);
  });

  test("that fails says so and passes the error on", async () => {
    const kept = new KeptText();
    const progress = await makeProgress(kept);
    await expect(progress.step("Work", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(kept.text).toMatch(/Work: failed after 0\.\d s\n$/);
  });
});
