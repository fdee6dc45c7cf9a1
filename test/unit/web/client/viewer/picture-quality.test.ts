import { expect, it } from "vitest";
import { findQuality, QualityGovernor } from "../../../../../web/client/viewer/picture-quality.ts";

const sample = (latencyMs: number | null) => ({ latencyMs, bytesPerSecond: 0, framesPerSecond: 0 });

function pass(governor: QualityGovernor, latencyMs: number | null, seconds: number): number {
  for (let second = 0; second < seconds; second += 1) governor.note(sample(latencyMs));
  return governor.chosen.quality;
}

it("answers that fall behind lower the quality soon, and ones that do not raise it late", () => {
  const governor = new QualityGovernor();
  const first = governor.chosen.quality;
  expect(pass(governor, 30, 2)).toBe(first);
  const lower = pass(governor, 900, 4);
  expect(lower).toBeLessThan(first);
  expect(pass(governor, 30, 5)).toBe(lower);
  expect(pass(governor, 30, 60)).toBeGreaterThan(first);
  expect(pass(governor, 2_000, 100)).toBe(1);
});

it("a long line is not a slow one, and a line without answers changes nothing", () => {
  const far = new QualityGovernor();
  const first = far.chosen.quality;
  expect(pass(far, 600, 10)).toBe(first);
  expect(pass(new QualityGovernor(), null, 100)).toBe(first);
});

it("a chosen quality does not depend on the line", () => {
  const governor = new QualityGovernor();
  const before = findQuality("best", governor);
  pass(governor, 5, 1);
  pass(governor, 3_000, 50);
  expect(findQuality("best", governor)).toEqual(before);
  expect(findQuality("least", governor).quality).toBeLessThan(before.quality);
  expect(findQuality("auto", governor)).toEqual(governor.chosen);
});
