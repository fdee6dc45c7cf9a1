export { readRecipe, RECIPES } from "./build/recipe.ts";
export { buildImage } from "./build/build-image.ts";
export { describeBuiltImage } from "./build/build-image.ts";
export {
  fetchImage,
  fetchNewImage,
  wasFetched,
  type FetchImageResult,
  type NewImageSource,
} from "./fetch-image.ts";
export {
  compressImage,
  importImage,
  resizeImage,
  type ImportedImage,
  type WorkOptions,
} from "./import-image.ts";
export { chooseFirmware, chooseHardware } from "./choose-hardware.ts";
export { examineDisk } from "./examine-disk.ts";
export { followImageLink, followImageLinks } from "./follow-image-link.ts";
export { inspectUnknownFile, inspectImage, listBootFiles, listReadFiles } from "./inspect-image.ts";
export type { WorkProgress } from "./progress.ts";
export { measureImage } from "./qemu-img.ts";
export { ImageStore } from "./image-store.ts";
export { summarizeImage } from "./summarize-image.ts";
export { listDependents, listUsedFiles, listUsedFilesOfHosts, type FilesInUse } from "./used-files.ts";
