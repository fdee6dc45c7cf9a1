import { expect, it } from "vitest";
import { renderFigures, renderRatios } from "../../bench/report.ts";

const COLUMNS = [
  { key: "speed", title: "MB/s", digits: 0 },
  { key: "cpu", title: "CPU s/GB", digits: 2 },
];
const TARGETS = [
  { name: "direct", title: "no gateway", reference: "haproxy", figures: { speed: 4000 } },
  { name: "haproxy", title: "haproxy", reference: "haproxy", figures: { speed: 800, cpu: 1.5 } },
  { name: "postern", title: "Postern", reference: "haproxy", figures: { speed: 1000, cpu: 1.2 } },
  { name: "idle", title: "idle", reference: "haproxy", figures: { speed: Number.POSITIVE_INFINITY } },
];

it("prints a row for each target, and a dash for what it does not have", () => {
  expect(renderFigures(COLUMNS, TARGETS)).toBe(
    [
      "| target | MB/s | CPU s/GB |",
      "| --- | --- | --- |",
      "| no gateway | 4000 | – |",
      "| haproxy | 800 | 1.50 |",
      "| Postern | 1000 | 1.20 |",
      "| idle | – | – |",
    ].join("\n"),
  );
});

it("prints ratios to the reference, which has no row of its own", () => {
  expect(renderRatios(COLUMNS, TARGETS.slice(0, 3))).toBe(
    [
      "| ratio to haproxy's | MB/s | CPU s/GB |",
      "| --- | --- | --- |",
      "| no gateway | 5.00 | – |",
      "| Postern | 1.25 | 0.80 |",
    ].join("\n"),
  );
});

it("prints no ratio of what tells the circumstances", () => {
  const columns = [COLUMNS[0]!, { ...COLUMNS[1]!, isCircumstance: true }];
  expect(renderRatios(columns, TARGETS.slice(1, 3))).toBe(
    ["| ratio to haproxy's | MB/s |", "| --- | --- |", "| Postern | 1.25 |"].join("\n"),
  );
});

it("prints no ratios where the reference was not measured", () => {
  expect(renderRatios(COLUMNS, [TARGETS[0]!, TARGETS[2]!])).toBe("");
});
