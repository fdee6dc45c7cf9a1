import { z } from "zod";
import { sha256Text } from "./image-summary.ts";
import { DATA_DISK_NAME } from "./names.ts";

/** The messages between server and host about people's data disks. All requests are idempotent. */

export const diskRef = z.object({
  owner: z.string().min(1).max(64),
  name: z.string().regex(DATA_DISK_NAME),
});
export type DiskRef = z.infer<typeof diskRef>;

/** One transfer of a disk from one host to another: a random id chosen by the server. */
export const transferRef = z.object({ journey: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) });

/**
 * `new`: nothing was written yet. `here`: this copy is the disk. `leaving`: still the disk, but read-only.
 * `left`: no longer the disk. `arriving`: an incomplete copy. `arrived`: a complete copy, not yet the disk.
 */
const diskState = z.enum(["new", "here", "leaving", "left", "arriving", "arrived"]);

/** One host's copy of a disk. */
export const diskCopy = diskRef.extend({
  state: diskState,
  /** GiB that the guest sees. */
  sizeGb: z.number().int(),
  /** Bytes that it takes on the host. */
  bytes: z.number().int(),
  /** Epoch milliseconds of the last start of a machine with it. */
  usedAt: z.number(),
  /** The machine that uses it now. */
  machine: z.string().max(64).optional(),
  /** The last transfer that it took part in. */
  journey: transferRef.shape.journey.optional(),
  /** The other end of that transfer, as the server names it. */
  partner: z.string().max(64).optional(),
  /** SHA-256 of the file while the disk leaves; absent until it is computed. */
  sha256: sha256Text.optional(),
});
export type DiskCopy = z.infer<typeof diskCopy>;

/** Bytes of one piece: small enough that a viewer's request does not wait long behind it. */
export const DISK_PIECE_BYTES = 256 * 1024;

const offset = z.number().int().nonnegative();
const piece = z
  .base64()
  .refine((text) => Buffer.byteLength(text, "base64") <= DISK_PIECE_BYTES, "a piece is too long");
const partner = z.string().min(1).max(64);

/** method → schemas of params and result. */
export const diskMethods = {
  "disk.list": { params: z.object({}), result: z.array(diskCopy).max(10_000) },
  /** Permanent. */
  "disk.remove": { params: diskRef, result: z.object({}) },
  /** Freezes the disk. Its `sha256` is computed later: repeat the request. `partner`: the destination. */
  "disk.export": { params: diskRef.extend({ ...transferRef.shape, partner }), result: diskCopy },
  /** A piece of a disk that leaves; shorter at its end. */
  "disk.read": { params: transferRef.extend({ offset }), result: z.object({ data: piece }) },
  /** Cancels the export. Not possible in the state `left`. */
  "disk.stay": { params: transferRef, result: z.object({}) },
  /** The copy here is no longer the disk. From now on the transfer can only be completed. */
  "disk.yield": { params: transferRef, result: z.object({}) },
  /** Deletes a copy in the state `left`. */
  "disk.forget": { params: transferRef, result: z.object({}) },
  /** Makes room for a disk, or says how much of it has arrived. `partner`: the source. */
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
  /** Pieces are sent in order; a piece that has already arrived is ignored. */
  "disk.write": { params: transferRef.extend({ offset, data: piece }), result: z.object({ bytes: offset }) },
  /** Compares the complete copy with its checksum. The state becomes `arrived` later: repeat the request. */
  "disk.check": { params: transferRef, result: diskCopy },
  /** The copy here is the disk from now on. */
  "disk.settle": { params: transferRef, result: z.object({}) },
  /** Deletes a copy that is not the disk yet. */
  "disk.drop": { params: transferRef, result: z.object({}) },
} as const;
