/** How the picture lies in its window: `zoom` times as large as the window, its upper left corner at x, y (CSS pixels). */
export interface PictureZoom {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const WHOLE_PICTURE: PictureZoom = { zoom: 1, x: 0, y: 0 };
export const MAX_ZOOM = 8;
/** The pointer is never nearer to the edge of the window while there is more of the picture. */
const MARGIN_PX = 40;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Never more than the picture's end is in the window. */
function keepInside({ zoom, x, y }: PictureZoom, { width, height }: Size): PictureZoom {
  return {
    zoom,
    x: clamp(x, Math.min(0, width - width * zoom), 0),
    y: clamp(y, Math.min(0, height - height * zoom), 0),
  };
}

export function panPicture(
  picture: PictureZoom,
  by: { readonly x: number; readonly y: number },
  window: Size,
): PictureZoom {
  return keepInside({ ...picture, x: picture.x + by.x, y: picture.y + by.y }, window);
}

/** What is under `at` stays there. */
export function zoomPicture(
  picture: PictureZoom,
  factor: number,
  at: { readonly x: number; readonly y: number },
  window: Size,
): PictureZoom {
  const zoom = clamp(picture.zoom * factor, 1, MAX_ZOOM);
  const grown = zoom / picture.zoom;
  const moved = { zoom, x: at.x - (at.x - picture.x) * grown, y: at.y - (at.y - picture.y) * grown };
  return keepInside(moved, window);
}

/** Moves the picture so that a place in the window is not at its edge. */
export function revealPlace(
  picture: PictureZoom,
  at: { readonly x: number; readonly y: number },
  window: Size,
): PictureZoom {
  const past = (value: number, length: number) =>
    Math.max(0, MARGIN_PX - value) - Math.max(0, value - (length - MARGIN_PX));
  return panPicture(picture, { x: past(at.x, window.width), y: past(at.y, window.height) }, window);
}
