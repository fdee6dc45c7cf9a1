import { z } from "zod";
import { diskFormat, imageEntryFields } from "./image-entry.ts";
import { sha256Text } from "./image-summary.ts";

/** What a server and a host say to each other about an image that comes from the server. Everything may be asked twice. */

const fields = imageEntryFields;

/** What a host is told of an image: nothing in it names a file of the host's. */
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
  allow: fields.allow,
  boot: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("iso") }),
    z.object({ kind: z.literal("disk"), format: diskFormat }),
  ]),
});
export type SentImage = z.infer<typeof sentImage>;

/** How much of an image a host has. `here`: all of it, and it was checked. */
export const imageCopy = z.object({
  state: z.enum(["arriving", "here"]),
  bytes: z.number().int().nonnegative(),
});
export type ImageCopy = z.infer<typeof imageCopy>;

/** Bytes of one piece: small enough to let a viewer's request pass in between. */
export const IMAGE_PIECE_BYTES = 128 * 1024;

/** One version of an image. */
const versionRef = z.object({ id: fields.id, sha256: sha256Text });
export type ImageVersion = z.infer<typeof versionRef>;

/** method → schemas of params and result. */
export const imageMethods = {
  /** Makes room for an image, or says how much of it is there; one that is here takes on what is said of it now. */
  "image.import": {
    params: z.object({ image: sentImage, bytes: z.number().int().positive(), sha256: sha256Text }),
    result: imageCopy,
  },
  /** Pieces come in order; a piece that is there already is ignored. */
  "image.write": {
    params: versionRef.extend({
      offset: z.number().int().nonnegative(),
      data: z
        .base64()
        .refine((text) => Buffer.byteLength(text, "base64") <= IMAGE_PIECE_BYTES, "a piece is too long"),
    }),
    result: z.object({ bytes: z.number().int().nonnegative() }),
  },
  /** Compares the whole file with its checksum and looks at what it is; `here` comes later: ask again. */
  "image.check": { params: versionRef, result: imageCopy },
} as const;
