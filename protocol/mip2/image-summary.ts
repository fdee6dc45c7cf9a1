import { z } from "zod";
import { SHA256_HEX } from "./names.ts";

/** What a server and a host say to each other about images. */

const amount = z.object({ default: z.number().int(), min: z.number().int() });

/** Guest architectures, in QEMU's words. */
export const architecture = z.enum(["x86_64", "aarch64"]);
export type Architecture = z.infer<typeof architecture>;

/** What the emulated screen is; `none`: the guest has no screen of QEMU's. */
export const displayAdapter = z.enum(["std", "qxl", "virtio", "vmware", "cirrus", "none"]);
export type DisplayAdapter = z.infer<typeof displayAdapter>;

/** `isolated`: an address and nothing beyond; `internet`: the internet, but neither the host nor private ranges. */
export const networkKind = z.enum(["none", "isolated", "internet"]);
export type NetworkKind = z.infer<typeof networkKind>;

/** How a boot script gets into the guest: by a NoCloud seed, by libguestfs, or not at all. */
export const scriptRoute = z.enum(["cloud-init", "virt-customize", "none"]);
export type ScriptRoute = z.infer<typeof scriptRoute>;

/** Of a file, in hexadecimal. */
export const sha256Text = z.string().regex(SHA256_HEX);

/** One entry of a host's catalogue, as the server may show it: no paths. */
export const imageSummary = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9.+-]{0,63}$/),
  title: z.string().max(100),
  description: z.string().max(500),
  memoryMb: amount,
  cpus: amount,
  /** Size of the system disk, GiB; absent where the image has none to grow. */
  diskGb: amount.optional(),
  /** Absent: x86_64. */
  arch: architecture.optional(),
  /** Display adapters that may be chosen, the default first. */
  displays: z.array(displayAdapter).optional(),
  networks: z.array(networkKind).optional(),
  script: scriptRoute.optional(),
  /** `user:NAME` and `group:NAME`; absent: everybody. */
  allow: z.array(z.string().max(80)).max(200).optional(),
  /** False with a reason: the image's file is missing on this host. */
  available: z.boolean(),
  reason: z.string().max(300).optional(),
  /** Of its file, where that came from the server: tells which version it is. */
  sha256: sha256Text.optional(),
});
export type ImageSummary = z.infer<typeof imageSummary>;
