import { expect, it } from "vitest";
import {
  MAX_ZOOM,
  panPicture,
  revealPlace,
  WHOLE_PICTURE,
  zoomPicture,
} from "../../../../../web/client/viewer/picture-zoom.ts";

const WINDOW = { width: 400, height: 800 };

it("what is between the fingers stays there", () => {
  const picture = zoomPicture(WHOLE_PICTURE, 2, { x: 100, y: 200 }, WINDOW);
  expect(picture).toEqual({ zoom: 2, x: -100, y: -200 });
  expect(zoomPicture(picture, 0.5, { x: 100, y: 200 }, WINDOW)).toEqual({ zoom: 1, x: 0, y: 0 });
});

it("a picture is never smaller than its window, nor larger than the most, nor away from an edge", () => {
  expect(zoomPicture(WHOLE_PICTURE, 0.1, { x: 5, y: 5 }, WINDOW)).toEqual(WHOLE_PICTURE);
  expect(zoomPicture(WHOLE_PICTURE, 100, { x: 5, y: 5 }, WINDOW).zoom).toBe(MAX_ZOOM);
  const picture = zoomPicture(WHOLE_PICTURE, 2, { x: 0, y: 0 }, WINDOW);
  expect(panPicture(picture, { x: 50, y: -9_000 }, WINDOW)).toEqual({ zoom: 2, x: 0, y: -800 });
  expect(panPicture(WHOLE_PICTURE, { x: -50, y: 50 }, WINDOW)).toEqual(WHOLE_PICTURE);
});

it("a place at the edge comes into the window as far as there is more of the picture", () => {
  const picture = { zoom: 2, x: -100, y: 0 };
  expect(revealPlace(picture, { x: 395, y: 3 }, WINDOW)).toEqual({ zoom: 2, x: -135, y: 0 });
  expect(revealPlace(picture, { x: 200, y: 400 }, WINDOW)).toEqual(picture);
});
