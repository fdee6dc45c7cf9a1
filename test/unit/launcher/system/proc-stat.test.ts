import { describe, expect, test } from "vitest";
import { identifyProcess, isAlive, parseProcStat } from "../../../../launcher/system/proc-stat.ts";

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
