import type { SentImage } from "./image-methods.ts";
import { networkKind, type ImageSummary } from "./image-summary.ts";

/** What may be published about an image, without its availability. */
export function extractImageSummary(
  image: Omit<SentImage, "boot">,
): Omit<ImageSummary, "available" | "reason"> {
  const { id, title, description, memoryMb, cpus, diskGb, arch, script, allow } = image;
  return {
    ...{ id, title, description, memoryMb, cpus, arch, script },
    ...(diskGb === undefined ? {} : { diskGb }),
    displays: [...new Set([image.display, ...image.displays])],
    networks: networkKind.options.slice(0, networkKind.options.indexOf(image.network) + 1),
    ...(allow === undefined ? {} : { allow }),
  };
}
