/** Few widths, so that the server's scaled pictures are shared by many monitors. */
const WIDTHS = [320, 480, 640, 960, 1280];

/** The width to ask for, for a screen of `cssWidth` at `pixelRatio`. */
export function chooseThumbnailWidth(cssWidth: number, pixelRatio: number): number {
  const wanted = cssWidth * pixelRatio;
  return WIDTHS.find((width) => width >= wanted) ?? 1280;
}
