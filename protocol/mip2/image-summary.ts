import { z } from "zod";
import { peerText } from "./frame-schemas.ts";
import { SHA256_HEX } from "./names.ts";

/** The messages between server and host about images. */

const amount = z.object({ default: z.number().int(), min: z.number().int() });

/** Guest architectures, in QEMU's terms. */
export const architecture = z.enum(["x86_64", "aarch64"]);
export type Architecture = z.infer<typeof architecture>;

/** The emulated display adapter. `none`: QEMU gives the guest no screen. */
export const displayAdapter = z.enum(["std", "qxl", "virtio", "vmware", "cirrus", "none"]);
export type DisplayAdapter = z.infer<typeof displayAdapter>;

/** `isolated`: an address, no more; `internet`: the internet, but neither the host nor private ranges. */
export const networkKind = z.enum(["none", "isolated", "internet"]);
export type NetworkKind = z.infer<typeof networkKind>;

/** How a boot script gets into the guest: by a NoCloud seed, by libguestfs, or not at all. */
export const scriptRoute = z.enum(["cloud-init", "virt-customize", "none"]);
export type ScriptRoute = z.infer<typeof scriptRoute>;

/** SHA-256 of a file, in hexadecimal. */
export const sha256Text = z.string().regex(SHA256_HEX);

/** One entry of a host's catalogue in the form that the server may show: without paths. */
export const imageSummary = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9.+-]{0,63}$/),
  title: peerText(100),
  description: peerText(500),
  memoryMb: amount,
  cpus: amount,
  /** Size of the system disk, GiB. Absent: the image has no disk that can be enlarged. */
  diskGb: amount.optional(),
  /** Absent: x86_64. */
  arch: architecture.optional(),
  /** Display adapters that may be chosen, the default first. */
  displays: z.array(displayAdapter).optional(),
  networks: z.array(networkKind).optional(),
  script: scriptRoute.optional(),
  /** `user:NAME` and `group:NAME`. Absent: everybody. */
  allow: z.array(z.string().max(80)).max(200).optional(),
  /** False, with a reason, when the image's file is missing on this host. */
  available: z.boolean(),
  reason: peerText(300).optional(),
  /** SHA-256 of its file, if the server sent it: identifies the version. */
  sha256: sha256Text.optional(),
});
export type ImageSummary = z.infer<typeof imageSummary>;
