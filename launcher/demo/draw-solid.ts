import { mixColours, type Canvas, type Colour } from "../../protocol/index.ts";

type Point = readonly [number, number, number];

const GOLDEN = (1 + Math.sqrt(5)) / 2;
const LONG = Math.hypot(1, GOLDEN);

/** The twelve corners of an icosahedron: three golden rectangles at right angles. */
const CORNERS: readonly Point[] = [-1, 1].flatMap((one) =>
  [-GOLDEN, GOLDEN].flatMap((golden): Point[] => [
    [0, one, golden],
    [one, golden, 0],
    [golden, 0, one],
  ]),
);

/** Corners at the shortest distance, 2, are joined. */
const EDGES = CORNERS.flatMap((from, index) =>
  CORNERS.slice(index + 1)
    .filter((to) => Math.abs(Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2]) - 2) < 0.01)
    .map((to) => [from, to] as const),
);

/**
 * Draws an icosahedron that turns with time, its far edges darker.
 * @param radius of the sphere around it, in pixels
 */
export function drawSolid(
  canvas: Canvas,
  at: { readonly x: number; readonly y: number; readonly radius: number },
  timeMs: number,
  colours: { readonly near: Colour; readonly far: Colour },
): void {
  const [turn, tilt] = [timeMs / 2300, timeMs / 3700];
  const project = (point: Point): Point => {
    const [x, y, z] = rotate(rotate(point, turn), tilt, true);
    return [at.x + (x / LONG) * at.radius, at.y + (y / LONG) * at.radius, z / LONG];
  };
  const edges = EDGES.map(([from, to]) => [project(from), project(to)] as const);
  edges.sort(([a, b], [c, d]) => a[2] + b[2] - (c[2] + d[2]));
  for (const [from, to] of edges) {
    const nearness = ((from[2] + to[2]) / 2 + 1) / 2;
    // Few shades: a picture of few colours compresses well.
    const shade = Math.round(nearness * 6) / 6;
    canvas.drawLine(from[0], from[1], to[0], to[1], mixColours(colours.far, colours.near, shade));
  }
}

function rotate([x, y, z]: Point, angle: number, aroundX = false): Point {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return aroundX ? [x, y * cos - z * sin, y * sin + z * cos] : [x * cos + z * sin, y, z * cos - x * sin];
}
