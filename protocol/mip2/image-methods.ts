import { z } from "zod";
import { diskFormat, imageEntryFields } from "./image-entry.ts";
import { sha256Text } from "./image-summary.ts";

/** The messages between server and host about an image from the server. All requests are idempotent. */

const fields = imageEntryFields;

/** What a host receives about an image. It contains no path of the host. */
export const sentImage = z.object({
  id: fields.id,
  title: fields.title,
  description: fields.description,
  memoryMb: fields.memoryMb,
  cpus: fields.cpus,
  diskGb: fields.diskGb,
  arch: fields.arch,
  firmware: fields.firmware,
  display: fields.display,
  displays: fields.displays,
  keymap: fields.keymap,
  screen: fields.screen,
  network: fields.network,
  guest: fields.guest,
  script: fields.script,
  hideKvm: fields.hideKvm,
  /** Hosts of before do not know it, and give the guest virtio. */
  hardware: fields.hardware,
  allow: fields.allow,
  boot: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("iso") }),
    z.object({ kind: z.literal("disk"), format: diskFormat }),
  ]),
});
export type SentImage = z.infer<typeof sentImage>;

/** How much of an image a host has. `here`: all of it, and its checksum was verified. */
const imageCopy = z.object({
  state: z.enum(["arriving", "here"]),
  bytes: z.number().int().nonnegative(),
});
export type ImageCopy = z.infer<typeof imageCopy>;

/** Bytes of one piece: small enough that a viewer's request does not wait long behind it. */
export const IMAGE_PIECE_BYTES = 128 * 1024;

/** One version of an image. */
const versionRef = z.object({ id: fields.id, sha256: sha256Text });
export type ImageVersion = z.infer<typeof versionRef>;

/** method → schemas of params and result. */
export const imageMethods = {
  /**
   * Makes room for an image, or says how much of it has arrived. One that is `here` gets the new description.
   */
  "image.import": {
    params: z.object({ image: sentImage, bytes: z.number().int().positive(), sha256: sha256Text }),
    result: imageCopy,
  },
  /** Pieces are sent in order; a piece that has already arrived is ignored. */
  "image.write": {
    params: versionRef.extend({
      offset: z.number().int().nonnegative(),
      data: z
        .base64()
        .refine((text) => Buffer.byteLength(text, "base64") <= IMAGE_PIECE_BYTES, "a piece is too long"),
    }),
    result: z.object({ bytes: z.number().int().nonnegative() }),
  },
  /** Compares the file with its checksum and inspects its format. `here` is set later: repeat the request. */
  "image.check": { params: versionRef, result: imageCopy },
} as const;
