import { expect, test } from "vitest";
import { judgeProbe, readMarkers, type ProbeRun } from "../../../../launcher/accel/judge-probe.ts";
import { buildProbeGuest } from "../../../../launcher/accel/probe-guest.ts";

const healthy: ProbeRun = { markers: { A: 60, B: 60.2, C: 66 }, totalMs: 80 };

test.each<[string, ProbeRun, "kvm" | "tcg", RegExp]>([
  ["a healthy host", healthy, "kvm", /full speed/],
  ["an abort", { markers: {}, totalMs: 35 }, "tcg", /did not start/],
  ["no end in real mode", { markers: { A: 40 }, totalMs: 1000 }, "tcg", /real mode/],
  ["no end in long mode", { markers: { A: 40, B: 41 }, totalMs: 1000 }, "tcg", /long mode/],
  [
    "slow real mode",
    { markers: { A: 40, B: 125, C: 126 }, totalMs: 130 },
    "tcg",
    /slow in real mode \(85 ms\)/,
  ],
  ["slow long mode", { markers: { A: 40, B: 41, C: 92 }, totalMs: 95 }, "tcg", /slow in long mode/],
  ["just fast enough", { markers: { A: 0, B: 50, C: 100 }, totalMs: 1000 }, "kvm", /full speed/],
  ["slow in all", { ...healthy, totalMs: 1001 }, "tcg", /tiny guest/],
])("%s", (_what, run, accel, why) => {
  const result = judgeProbe(run);
  expect(result.accel).toBe(accel);
  expect(result.why).toMatch(why);
});

test("marks are timed as they come, several at once too", () => {
  const first = readMarkers({}, "A", 5);
  expect(readMarkers(first, "BC", 9)).toEqual({ A: 5, B: 9, C: 9 });
  expect(readMarkers(first, "noise", 9)).toEqual({ A: 5 });
});

test("the guest is 64 KiB with a reset vector that jumps to its beginning", () => {
  const image = buildProbeGuest();
  expect(image.length).toBe(65_536);
  expect(image.subarray(65_520, 65_525).toString("hex")).toBe("ea000000f0");
  expect(image.subarray(0, 7).toString("hex")).toBe("faba0204b041ee");
});
