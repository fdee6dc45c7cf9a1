import { expect, it } from "vitest";
import { parseProcess, sumTrees } from "../../bench/process-cpu.ts";

const stat = (name: string) =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194560 1234 0 0 0 150 50 30 20 20 0 11 0 99999 1000000 2500 18446744073709551615`;

it.each(["nginx", "nginx: worker process", "a) S 1 (b"])("reads the stat of a process named %j", (name) => {
  expect(parseProcess(stat(name), [])).toEqual({ pid: 4242, parent: 17, seconds: 2.5 });
});

it("takes the threads' nanoseconds, unless threads have ended", () => {
  expect(parseProcess(stat("node"), ["2000000000 5 7\n", "4000000 1 1\n"]).seconds).toBeCloseTo(2.504, 9);
  expect(parseProcess(stat("node"), ["1900000000 5 7\n"]).seconds).toBe(2.5);
});

it("adds up a process and all below it, each once", () => {
  const processes = [
    { pid: 1, parent: 0, seconds: 100 },
    { pid: 10, parent: 1, seconds: 1 },
    { pid: 11, parent: 10, seconds: 2 },
    { pid: 12, parent: 11, seconds: 3 },
    { pid: 20, parent: 1, seconds: 10 },
  ];
  expect(sumTrees(processes, [10])).toBe(6);
  expect(sumTrees(processes, [10, 12, 20])).toBe(16);
  expect(sumTrees(processes, [])).toBe(0);
});
