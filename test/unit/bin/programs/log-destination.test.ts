import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogDestination } from "../../../../bin/programs/log-destination.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const describeLoss = (lines: number, why: string) => `lost ${lines} (${why})\n`;

/** A disk with room for so many bytes, and then for none. */
function openOn(room: number) {
  const disk = { room, code: "ENOSPC" };
  const clock = new ManualClock();
  const file = join(folder, "sub", "a.log");
  const log = new LogDestination(file, {
    clock,
    describeLoss,
    write(fd, bytes, offset) {
      if (disk.room === 0) throw Object.assign(new Error(disk.code), { code: disk.code });
      const length = Math.min(disk.room, bytes.length - offset);
      disk.room -= length;
      return writeSync(fd, bytes, offset, length);
    },
  });
  return { disk, clock, log, read: () => readFileSync(file, "utf8") };
}

describe("a log on a full disk", () => {
  test("drops whole lines, says how many with the next one that fits, and goes on", () => {
    const { disk, log, read } = openOn(4);
    log.write("one\n");
    log.write("two\n");
    log.write("three\n");
    disk.room = 1000;
    log.write("four\n");
    log.write("five\n");
    expect(read()).toBe("one\nlost 2 (ENOSPC)\nfour\nfive\n");
  });

  test("says it without a further line, too, once there is room", () => {
    const { disk, clock, log, read } = openOn(0);
    log.write("one\n");
    clock.advance(60_000);
    expect(read()).toBe("");
    disk.room = 1000;
    clock.advance(5000);
    expect(read()).toBe("lost 1 (ENOSPC)\n");
    expect(clock.pending).toBe(0);
  });

  test("ends a line that was cut, so that the next one can be read", () => {
    const { disk, log, read } = openOn(6);
    log.write("one\n");
    log.write("two\n");
    disk.room = 1000;
    log.write("three\n");
    expect(read()).toBe("one\ntw\nlost 1 (ENOSPC)\nthree\n");
  });

  test("waits a moment for a reader that is behind, and then for none of the lines after", () => {
    const { disk, log, read } = openOn(0);
    disk.code = "EAGAIN";
    for (const line of ["one\n", "two\n"]) log.write(line);
    disk.room = 1000;
    log.write("three\n");
    expect(read()).toBe("lost 2 (EAGAIN)\nthree\n");
  });

  test("of the kernel's own making ends nothing", () => {
    const log = new LogDestination("/dev/full", { clock: new ManualClock(), describeLoss });
    for (let line = 0; line < 3; line++) log.write("line\n");
  });
});

test("a path that cannot be a file is an error at once", () => {
  const open = () => new LogDestination(folder, { clock: new ManualClock(), describeLoss });
  expect(open).toThrow(/EISDIR/);
});
