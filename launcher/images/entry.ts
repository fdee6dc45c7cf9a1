import { z } from "zod";
import { imageSummary } from "../../protocol/index.ts";

const filePath = z.string().min(1).max(4096).startsWith("/", "an absolute path");
const amount = z.object({ default: z.number().int().positive(), min: z.number().int().positive() }).strict();

/** Where a machine's first instruction comes from. Formats are always named, never guessed. */
export const bootSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("iso"), file: filePath }).strict(),
  z
    .object({
      kind: z.literal("kernel"),
      kernel: filePath,
      initrd: filePath,
      cmdline: z.string().max(1024),
    })
    .strict(),
  z.object({ kind: z.literal("disk"), format: z.enum(["qcow2", "raw"]), file: filePath }).strict(),
]);
export type BootSource = z.infer<typeof bootSource>;

/** One entry of the catalogue file. */
export const imageEntry = z
  .object({
    id: imageSummary.shape.id,
    title: z.string().min(1).max(100),
    description: z.string().max(500),
    memoryMb: amount,
    cpus: amount,
    boot: bootSource,
    display: z.enum(["std", "virtio"]).default("std"),
    /** The size the display proposes to the guest, in pixels. */
    screen: z
      .object({
        width: z.number().int().min(320).max(7680),
        height: z.number().int().min(200).max(4320),
      })
      .strict()
      .optional(),
    /** `isolated`: a network card that reaches nothing but QEMU's own address server. */
    network: z.enum(["none", "isolated"]).default("none"),
    /** The Debian package that brings the files. */
    package: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.+-]*$/)
      .optional(),
  })
  .strict()
  .refine((entry) => entry.memoryMb.default >= entry.memoryMb.min, "memoryMb.default is below memoryMb.min")
  .refine((entry) => entry.cpus.default >= entry.cpus.min, "cpus.default is below cpus.min");
export type ImageEntry = z.infer<typeof imageEntry>;

/** The catalogue file: `{"images": [entry, …]}`, ids unique. */
export const catalogue = z
  .object({ images: z.array(imageEntry) })
  .strict()
  .refine(
    ({ images }) => new Set(images.map((entry) => entry.id)).size === images.length,
    "two images have the same id",
  );
