/** Only a few widths, so that many cards share the server's scaled pictures. */
const WIDTHS = [320, 480, 640, 960, 1280];

/** The width to request, for a screen of `cssWidth` at `pixelRatio`. */
export function chooseThumbnailWidth(cssWidth: number, pixelRatio: number): number {
  const wanted = cssWidth * pixelRatio;
  return WIDTHS.find((width) => width >= wanted) ?? 1280;
}
