import { createHash } from "node:crypto";
import { z } from "zod";
import { diskCopy, diskRef, transferRef, type DiskRef } from "../../protocol/index.ts";

const { journey } = transferRef.shape;
const partner = z.string().min(1).max(64);
const sha256 = z.string();

/** What the copy on this host is to the disk. @see diskState */
const diskCopyState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("new") }),
  /** `journey`: the transfer by which it arrived. */
  z.object({ state: z.literal("here"), journey: journey.optional() }),
  z.object({ state: z.literal("leaving"), journey, partner, sha256: sha256.optional() }),
  z.object({ state: z.literal("left"), journey, partner }),
  z.object({ state: z.literal("arriving"), journey, partner, bytes: z.number(), sha256 }),
  z.object({ state: z.literal("arrived"), journey, partner }),
]);
export type DiskCopyState = z.infer<typeof diskCopyState>;

/** Everything about a copy except its content; stored as `disk.json` beside it. */
export const diskRecord = z.object({
  ...diskRef.shape,
  /** Wanted size in GiB; the file grows at the next start. */
  sizeGb: diskCopy.shape.sizeGb,
  createdAt: z.number(),
  usedAt: z.number(),
  standing: diskCopyState,
  /** The id of the machine whose QEMU owns the file now. */
  givenTo: z.string().optional(),
});
export type DiskRecord = z.infer<typeof diskRecord>;

/** `OWNER/NAME`: a name has no slash, so it is unique. */
export function diskKey({ owner, name }: DiskRef): string {
  return `${owner}/${name}`;
}

/** The name of a disk's folder: a digest, so that an owner's name never becomes a path. */
export function diskSlot(ref: DiskRef): string {
  return createHash("sha256").update(diskKey(ref)).digest("hex").slice(0, 32);
}
