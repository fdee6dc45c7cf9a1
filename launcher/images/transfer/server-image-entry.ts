import { type SentImage, imageEntry, type DiskFormat, type ImageEntry } from "../../../protocol/index.ts";

/** As which an image's file is opened. */
export function imageFileFormat({ boot }: SentImage): DiskFormat {
  return boot.kind === "iso" ? "raw" : boot.format;
}

/** The entry of an image that came from the server, where its file lies here. */
export function makeServerImageEntry(image: SentImage, sha256: string, file: string): ImageEntry {
  return imageEntry.parse({
    ...image,
    boot: { ...image.boot, file },
    source: { server: true, sha256 },
  });
}
