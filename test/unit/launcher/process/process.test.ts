import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { endMachine } from "../../../../launcher/process/end-machine.ts";
import { describeExit, hidePaths, readLastLine } from "../../../../launcher/process/describe-failure.ts";
import { identifyProcess, isAlive, parseProcStat } from "../../../../launcher/system/proc-stat.ts";
import { findQemuPrograms } from "../../../../launcher/system/qemu-programs.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

describe("/proc/PID/stat", () => {
  const rest = `S 1 ${"0 ".repeat(17)}4711 9999 123 0`;
  test.each(["42 (qemu) ", "42 (a) b (c)) ", "42 ( S 1 ) "])("%s", (start) => {
    expect(parseProcStat(start + rest)).toEqual({ state: "S", startTicks: 4711, residentPages: 123 });
  });

  test("garbage is nothing", () => {
    expect(parseProcStat("")).toBeNull();
  });

  test("a process is itself by number, start and kernel start", () => {
    const me = identifyProcess(process.pid)!;
    expect(isAlive(me)).toBe(true);
    expect(isAlive({ ...me, startTicks: me.startTicks + 1 })).toBe(false);
    expect(isAlive({ ...me, bootId: "another" })).toBe(false);
    expect(identifyProcess(2 ** 22 + 1)).toBeNull();
  });
});

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

describe("files", () => {
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

  test("programs are found on the search path, both or none", async () => {
    await writeFile(join(folder, "qemu-system-x86_64"), "", { mode: 0o755 });
    expect(findQemuPrograms(`/nowhere::${folder}`)).toBeNull();
    await writeFile(join(folder, "qemu-img"), "", { mode: 0o755 });
    expect(findQemuPrograms(`/nowhere::${folder}`)?.qemu).toEqual({
      x86_64: join(folder, "qemu-system-x86_64"),
    });
    expect(findQemuPrograms(undefined)).toBeNull();
  });
});

describe("ending a machine", () => {
  function stage(executes: (command: string) => Promise<unknown>) {
    const machine = { execute: vi.fn(executes), kill: vi.fn() };
    return { machine, clock: new ManualClock() };
  }
  const obedient = (): Promise<unknown> => Promise.resolve({});

  test("button, grace period, quit, three seconds, kill", () => {
    const { machine, clock } = stage(obedient);
    endMachine(machine, 60_000, clock);
    expect(machine.execute.mock.calls).toEqual([["system_powerdown"]]);
    clock.advance(59_999);
    expect(machine.execute).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(machine.execute).toHaveBeenLastCalledWith("quit");
    clock.advance(2999);
    expect(machine.kill).not.toHaveBeenCalled();
    clock.advance(1);
    expect(machine.kill).toHaveBeenCalledOnce();
  });

  test("by force it begins with quit; without QMP it is killed at once", async () => {
    const { machine, clock } = stage(() => Promise.reject(new Error("no QMP")));
    endMachine(machine, null, clock);
    await vi.waitFor(() => {
      expect(machine.kill).toHaveBeenCalledOnce();
    });
  });

  test("given up, nothing more happens", () => {
    const { machine, clock } = stage(obedient);
    endMachine(machine, 1000, clock)();
    clock.advance(100_000);
    expect(machine.execute).toHaveBeenCalledTimes(1);
    expect(machine.kill).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });
});
