import { expect, it } from "vitest";
import { gradeLine, LineMeter } from "../../../../../web/client/viewer/line-meter.ts";

it("figures are those since the sample before, whatever time passed", () => {
  const meter = new LineMeter(1_000);
  meter.countBytes(3_000);
  meter.countBytes(1_000);
  for (let frame = 0; frame < 30; frame += 1) meter.countFrame();
  expect(meter.sample(3_000)).toEqual({ latencyMs: null, bytesPerSecond: 2_000, framesPerSecond: 15 });
  meter.noteLatency(42);
  expect(meter.sample(4_000)).toEqual({ latencyMs: 42, bytesPerSecond: 0, framesPerSecond: 0 });
  expect(Number.isFinite(meter.sample(4_000).bytesPerSecond)).toBe(true);
});

it("a line is graded by how late it answers, once it has answered", () => {
  const grades = [null, 20, 200, 900].map((latencyMs) => gradeLine({ latencyMs }));
  expect(grades).toEqual([null, "good", "fair", "poor"]);
});
