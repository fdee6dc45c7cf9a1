import type { Figures } from "./figures.ts";

export interface Column {
  /** Of the figure. */
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  /** Says what was done, not what it cost: it has no ratio. */
  readonly isCircumstance?: boolean;
}

export interface TargetFigures {
  readonly name: string;
  readonly title: string;
  /** The name of the target whose figures count as 1. */
  readonly reference: string;
  readonly figures: Figures;
}

const NOTHING = "–";
const RATIO_DIGITS = 2;

export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

function formatFigure(value: number | undefined, digits: number): string {
  return value === undefined || !Number.isFinite(value) ? NOTHING : value.toFixed(digits);
}

export function renderFigures(columns: readonly Column[], targets: readonly TargetFigures[]): string {
  const rows = targets.map(({ title, figures }) => [
    title,
    ...columns.map(({ key, digits }) => formatFigure(figures[key], digits)),
  ]);
  return renderTable(["target", ...columns.map(({ title }) => title)], rows);
}

/** Each figure over that of the target's reference; empty when no reference was measured. */
export function renderRatios(all: readonly Column[], targets: readonly TargetFigures[]): string {
  const columns = all.filter(({ isCircumstance = false }) => !isCircumstance);
  const rows = targets.flatMap((target) => {
    const reference = targets.find(({ name }) => name === target.reference);
    if (reference === undefined || reference === target) return [];
    const ratios = columns.map(({ key }) => divide(target.figures[key], reference.figures[key]));
    return [[target.title, ...ratios.map((ratio) => formatFigure(ratio, RATIO_DIGITS))]];
  });
  if (rows.length === 0) return "";
  return renderTable(["ratio to haproxy's", ...columns.map(({ title }) => title)], rows);
}

function divide(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined ? undefined : value / by;
}
