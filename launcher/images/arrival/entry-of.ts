import type { SentImage } from "../../../protocol/index.ts";
import { imageEntry, type DiskFormat, type ImageEntry } from "../entry.ts";

/** As which an image's file is opened. */
export function formatOf({ boot }: SentImage): DiskFormat {
  return boot.kind === "iso" ? "raw" : boot.format;
}

/** The entry of an image that came from the server, where its file lies here. */
export function entryOf(image: SentImage, sha256: string, file: string): ImageEntry {
  return imageEntry.parse({
    ...image,
    boot: { ...image.boot, file },
    source: { server: true, sha256 },
  });
}
