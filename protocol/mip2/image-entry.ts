import { z } from "zod";
import {
  architecture,
  displayAdapter,
  imageSummary,
  networkKind,
  scriptRoute,
  sha256Text,
} from "./image-summary.ts";
import { findHardwareFault, imageHardware, resolveHardware } from "./machine-hardware.ts";
import { RECORDED_KEYMAP } from "./names.ts";

const filePath = z.string().min(1).max(4096).startsWith("/", "an absolute path");
const amount = z.object({ default: z.number().int().positive(), min: z.number().int().positive() }).strict();

/** Disk formats that QEMU reads as a base, in QEMU's terms; VHD is `vpc`. An OVA is imported first. */
export const diskFormat = z.enum(["qcow2", "raw", "vdi", "vmdk", "vpc", "vhdx", "qed"]);
export type DiskFormat = z.infer<typeof diskFormat>;

/** BIOS or UEFI. Secure Boot and a TPM 2 are for guests that require them. */
const machineFirmware = z
  .object({
    kind: z.enum(["bios", "uefi"]).default("bios"),
    secureBoot: z.boolean().default(false),
    tpm: z.boolean().default(false),
  })
  .strict();

/** What a machine boots from. Formats are always specified, never probed. */
const bootSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("iso"), file: filePath }).strict(),
  z
    .object({
      kind: z.literal("kernel"),
      kernel: filePath,
      initrd: filePath,
      cmdline: z.string().max(1024),
    })
    .strict(),
  z.object({ kind: z.literal("disk"), format: diskFormat, file: filePath }).strict(),
]);
export type BootSource = z.infer<typeof bootSource>;

const entryObject = z
  .object({
    id: imageSummary.shape.id,
    title: z.string().min(1).max(100),
    description: z.string().max(500),
    memoryMb: amount,
    cpus: amount,
    boot: bootSource,
    /** GiB. Absent: the disk keeps the image's own size. */
    diskGb: amount.optional(),
    arch: architecture.default("x86_64"),
    firmware: machineFirmware.prefault({}),
    display: displayAdapter.default("std"),
    /** Other adapters that may be chosen. */
    displays: z.array(displayAdapter).max(6).default([]),
    /** QEMU's name of a keyboard layout. Catalogues of before may hold others: image commands refuse those. */
    keymap: z.string().regex(RECORDED_KEYMAP).optional(),
    /** The screen size that the display proposes to the guest, in pixels. */
    screen: z
      .object({
        width: z.number().int().min(320).max(7680),
        height: z.number().int().min(200).max(4320),
      })
      .strict()
      .optional(),
    /** The most access that a machine of this image may have. */
    network: networkKind.default("none"),
    /** Agents installed in the guest: QEMU's guest agent, and SPICE's agent for clipboard and resizing. */
    guest: z
      .object({ agent: z.boolean().default(false), clipboard: z.boolean().default(false) })
      .strict()
      .prefault({}),
    /** How boot scripts get into the guest, and the scripts that this image always runs, in order. */
    script: scriptRoute.default("none"),
    scripts: z.array(z.string().min(1).max(65_536)).max(20).default([]),
    /** Host folders that the guest can mount; `tag` is the mount tag. Only if the administrator allows it. */
    shares: z
      .array(
        z
          .object({
            tag: z.string().regex(/^[A-Za-z0-9_-]{1,30}$/),
            folder: filePath,
            kind: z.enum(["9p", "virtiofs"]).default("9p"),
            writable: z.boolean().default(false),
          })
          .strict(),
      )
      .max(8)
      .default([]),
    /** Hides KVM from guests whose drivers refuse to run under it. */
    hideKvm: z.boolean().default(false),
    /** Devices that the guest has drivers for. Absent: those of the profile `linux`. */
    hardware: imageHardware.optional(),
    /** Further disks of the system, in the order of their places; each machine has its own copy of what it writes. */
    extraDisks: z
      .array(z.object({ format: diskFormat, file: filePath }).strict())
      .max(2)
      .optional(),
    /** A second CD, with drivers for example. */
    extraCd: filePath.optional(),
    /** QEMU's arguments, as they are. Only if the administrator allows it. */
    qemuArgs: z.array(z.string().min(1).max(1000)).max(64).optional(),
    /** Where `image download` gets the file from, and its expected checksum. */
    source: z
      .object({
        url: z.url({ protocol: /^https?$/ }).optional(),
        sha256: sha256Text.optional(),
        /** The image was sent by the server under this id, and is removed when the server removes it. */
        server: z.boolean().default(false),
        /** A note for people: the source of the address, and that the image was not tested here. */
        note: z.string().max(300).optional(),
      })
      .strict()
      .optional(),
    /** `user:NAME` and `group:NAME`. Absent: everybody. */
    allow: z
      .array(z.string().regex(/^(user|group):\S{1,64}$/))
      .max(200)
      .optional(),
    /** The Debian package that installs the files. */
    package: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.+-]*$/)
      .optional(),
  })
  .strict();

/** The single fields, for other files that use some of them. */
export const imageEntryFields = entryObject.shape;

/** One entry of a catalogue: of a host's, or of a server's. */
export const imageEntry = entryObject
  .refine((entry) => entry.memoryMb.default >= entry.memoryMb.min, "memoryMb.default is below memoryMb.min")
  .refine((entry) => entry.cpus.default >= entry.cpus.min, "cpus.default is below cpus.min")
  .superRefine(({ hardware, arch, firmware }, context) => {
    const fault = findHardwareFault(resolveHardware(hardware), { arch, secureBoot: firmware.secureBoot });
    if (fault !== null) context.addIssue({ code: "custom", path: ["hardware"], message: fault });
  })
  .refine(({ boot, extraDisks }) => boot.kind === "disk" || extraDisks === undefined, {
    path: ["extraDisks"],
    message: "only an image that is a disk has further disks",
  })
  .refine(
    ({ hardware, extraDisks = [], extraCd }) =>
      resolveHardware(hardware).disk !== "ide" || extraDisks.length < 2 || extraCd === undefined,
    { path: ["extraCd"], message: "the IDE bus has no place left for it" },
  );
export type ImageEntry = z.infer<typeof imageEntry>;

/** The catalogue file: `{"images": [entry, …]}`, with unique ids. */
export const imageCatalogue = z
  .object({ images: z.array(imageEntry) })
  .strict()
  .refine(
    ({ images }) => new Set(images.map((entry) => entry.id)).size === images.length,
    "two images have the same id",
  );
/** The file as it is written: fields with a default may be absent. */
export type ImageCatalogueInput = z.input<typeof imageCatalogue>;
