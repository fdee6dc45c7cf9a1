import { gradeLine, type LineFigures } from "./line-meter.ts";

const HEIGHTS = [5, 9, 13] as const;
const BARS = { poor: 1, fair: 2, good: 3 } as const;

/** How good the line is, as bars. */
export function LineSignal({ figures }: { readonly figures: LineFigures | null }) {
  const grade = figures === null ? null : gradeLine(figures);
  const lit = grade === null ? 0 : BARS[grade];
  return (
    <svg class="icon signal" data-grade={grade} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {HEIGHTS.map((height, index) => (
        <rect
          key={height}
          class={index < lit ? "lit" : "unlit"}
          x={4 + index * 4.5}
          y={16 - height}
          width="3"
          height={height}
          rx="1"
        />
      ))}
    </svg>
  );
}
