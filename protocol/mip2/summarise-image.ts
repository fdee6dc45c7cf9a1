import type { SentImage } from "./image-methods.ts";
import { networkKind, type ImageSummary } from "./image-summary.ts";

/** What people may be told of an image, apart from whether it can be used now. */
export function summariseImage(image: Omit<SentImage, "boot">): Omit<ImageSummary, "available" | "reason"> {
  const { id, title, description, memoryMb, cpus, diskGb, arch, script, allow } = image;
  return {
    ...{ id, title, description, memoryMb, cpus, arch, script },
    ...(diskGb === undefined ? {} : { diskGb }),
    displays: [...new Set([image.display, ...image.displays])],
    networks: networkKind.options.slice(0, networkKind.options.indexOf(image.network) + 1),
    ...(allow === undefined ? {} : { allow }),
  };
}
