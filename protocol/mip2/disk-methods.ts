import { z } from "zod";
import { sha256Text } from "./image-summary.ts";
import { DATA_DISK_NAME } from "./names.ts";

/** What a server and a host say to each other about people's data disks. Everything may be asked twice. */

export const diskRef = z.object({
  owner: z.string().min(1).max(64),
  name: z.string().regex(DATA_DISK_NAME),
});
export type DiskRef = z.infer<typeof diskRef>;

/** One journey of a disk from one host to another: a random id of the server's. */
export const transferRef = z.object({ journey: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) });

/**
 * `new`: nothing was written yet. `here`: this is the disk. `leaving`: still the disk, but nobody writes to it.
 * `left`: no longer the disk. `arriving`: half of a copy. `arrived`: a whole copy, not yet the disk.
 */
export const diskState = z.enum(["new", "here", "leaving", "left", "arriving", "arrived"]);

/** One host's copy of a disk. */
export const diskCopy = diskRef.extend({
  state: diskState,
  /** GiB that the guest sees. */
  sizeGb: z.number().int(),
  /** What it takes on the host. */
  bytes: z.number().int(),
  /** Epoch milliseconds of the last start of a machine with it. */
  usedAt: z.number(),
  /** The machine that has it now. */
  machine: z.string().max(64).optional(),
  /** The last journey that it took part in. */
  journey: transferRef.shape.journey.optional(),
  /** The other end of that journey, as the server calls it. */
  partner: z.string().max(64).optional(),
  /** Of the file, while it leaves; absent until it is known. */
  sha256: sha256Text.optional(),
});
export type DiskCopy = z.infer<typeof diskCopy>;

/** Bytes of one piece: small enough to let a viewer's request pass in between. */
export const DISK_PIECE_BYTES = 256 * 1024;

const offset = z.number().int().nonnegative();
const piece = z
  .base64()
  .refine((text) => Buffer.byteLength(text, "base64") <= DISK_PIECE_BYTES, "a piece is too long");
const partner = z.string().min(1).max(64);

/** method → schemas of params and result. */
export const diskMethods = {
  "disk.list": { params: z.object({}), result: z.array(diskCopy).max(10_000) },
  /** For ever. */
  "disk.remove": { params: diskRef, result: z.object({}) },
  /** Freezes the disk; its `sha256` comes later: ask again. `partner`: where it goes. */
  "disk.export": { params: diskRef.extend({ ...transferRef.shape, partner }), result: diskCopy },
  /** A piece of a disk that leaves; shorter at its end. */
  "disk.read": { params: transferRef.extend({ offset }), result: z.object({ data: piece }) },
  /** It does not leave after all. Not possible once it has left. */
  "disk.stay": { params: transferRef, result: z.object({}) },
  /** The copy here is the disk no longer. From now on there is only one way: forwards. */
  "disk.yield": { params: transferRef, result: z.object({}) },
  /** Deletes a copy that has left. */
  "disk.forget": { params: transferRef, result: z.object({}) },
  /** Makes room for a disk, or says how much of it is there. `partner`: where it comes from. */
  "disk.import": {
    params: diskRef.extend({
      ...transferRef.shape,
      partner,
      sizeGb: z.number().int().min(1).max(65_536),
      bytes: z.number().int().nonnegative(),
      sha256: sha256Text,
    }),
    result: diskCopy,
  },
  /** Pieces come in order; a piece that is there already is ignored. */
  "disk.write": { params: transferRef.extend({ offset, data: piece }), result: z.object({ bytes: offset }) },
  /** Compares the whole copy with its checksum; `arrived` comes later: ask again. */
  "disk.check": { params: transferRef, result: diskCopy },
  /** The copy here is the disk from now on. */
  "disk.settle": { params: transferRef, result: z.object({}) },
  /** Deletes a copy that is not the disk yet. */
  "disk.drop": { params: transferRef, result: z.object({}) },
} as const;
