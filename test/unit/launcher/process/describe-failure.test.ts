import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  describeExit,
  hidePaths,
  measureLog,
  quoteLastLine,
  readLastLine,
} from "../../../../launcher/process/describe-failure.ts";

describe("why QEMU ended", () => {
  test.each([
    ["qemu-system-x86_64: could not open /srv/images/a.iso: no", "could not open (file): no"],
    ["Could not open '/srv/im ages/x': no", "Could not open (file): no"],
    ["file=/tmp/x,format=raw", "file=(file),format=raw"],
    ["no path here, and 1/2 of it", "no path here, and 1/2 of it"],
    ["x".repeat(300), `${"x".repeat(199)}…`],
  ])("%s", (line, hidden) => {
    expect(hidePaths(line)).toBe(hidden);
  });

  test.each([
    [{ code: 1, signal: null }, "bad", "QEMU ended with status 1. It said: bad"],
    [{ code: null, signal: "SIGKILL" }, null, "QEMU was ended by SIGKILL."],
    [{ code: null, signal: null }, null, "QEMU ended unexpectedly."],
  ])("%j", (exit, line, text) => {
    expect(describeExit(exit, line)).toEqual({
      reason: text,
      cause:
        line === null
          ? { code: "QEMU_ENDED", details: {} }
          : { code: "QEMU_SAID", details: { said: hidePaths(line) } },
    });
  });
});

describe("the log", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pt-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("the log's last line, of this start alone", async () => {
    const log = join(folder, "log");
    await writeFile(log, "old line\nnew line\n\n");
    expect(await readLastLine(log, 0)).toBe("new line");
    expect(await readLastLine(log, 19)).toBeNull();
    expect(await readLastLine(join(folder, "none"), 0)).toBeNull();
  });

  test("QEMU's complaint, and not what comes after it", async () => {
    const log = join(folder, "qemu.log");
    const lines = [
      "qemu-system-x86_64: -vnc unix:x: could not read keymap file: 'zz'",
      "qemu-system-x86_64: warning: TCG doesn't support requested feature",
      "some helper is exiting",
    ];
    await writeFile(log, `${lines.join("\n")}\n`);
    expect(await readLastLine(log, 0)).toBe(lines[0]);
    expect(await quoteLastLine(log, 0)).toBe(" It said: -vnc unix:x: could not read keymap file: 'zz'");
    expect(await readLastLine(log, (await measureLog(log)) - 5)).toBe("ting");
  });
});
