import { imageEntry, type ImageEntry } from "../../../protocol/index.ts";
import type { Recipe } from "./recipe.ts";

/** The catalogue's entry of an image that a recipe made. */
export function describeBuiltImage(recipe: Recipe, id: string, sizeGb: number, file: string): ImageEntry {
  const { title, description, image } = recipe;
  return imageEntry.parse({
    ...{ id, title, description, ...image },
    diskGb: { default: sizeGb, min: sizeGb },
    boot: { kind: "disk", format: "qcow2", file },
  });
}
