export { readRecipe, RECIPES, type Recipe } from "./build/recipe.ts";
export { buildImage, type BuildOptions } from "./build/build-image.ts";
export { describeBuiltImage } from "./build/describe-built.ts";
export {
  diskFormat,
  imageEntry,
  type BootSource,
  type DiskFormat,
  type ImageEntry,
} from "../model/catalogue-entry.ts";
export { fetchImage, type FetchImageOptions, type FetchImageResult } from "./fetch-image.ts";
export { checkImageFile, compressImage, importImage, resizeImage, type WorkOptions } from "./import-image.ts";
export { inspectUnknownFile, inspectImage, listBootFiles } from "./inspect-image.ts";
export type { WorkProgress } from "./progress.ts";
export { measureImage } from "./qemu-img.ts";
export { ImageStore, type ImageStoreOptions } from "./image-store.ts";
export { describeImageFault, summarizeImage } from "./summarize-image.ts";
export { listUsedFiles } from "./used-files.ts";
