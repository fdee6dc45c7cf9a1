import type { DiskFormat, ImageHardware } from "../../protocol/index.ts";
import type { OvfMachine } from "./ova/ovf.ts";
import type { DiskSystem } from "./recognise-system.ts";

/** Formats of other hypervisors: their guests need not know virtio, and know these devices. */
const FOREIGN: readonly DiskFormat[] = ["vdi", "vmdk", "vpc", "vhdx"];
const FOREIGN_DEVICES = { disk: "sata", card: "e1000" } as const;

/** What is known about the system on a disk. */
export interface KnownGuest {
  /** In which the disk came. */
  readonly format: DiskFormat;
  readonly system: DiskSystem;
  /** What the OVF says; null: there is none. */
  readonly machine: OvfMachine | null;
}

/** Hardware that the system has drivers for; undefined: the usual one. What the OVF says comes first. */
export function chooseHardware({ format, system, machine }: KnownGuest): ImageHardware | undefined {
  const profile = machine?.profile ?? system.profile ?? "linux";
  const isForeign = machine !== null || FOREIGN.includes(format);
  const fallback = profile === "linux" && isForeign ? FOREIGN_DEVICES : {};
  // QEMU's board with IDE has no Secure Boot.
  const disk = machine?.disk === "ide" && machine.firmware.secureBoot ? "sata" : machine?.disk;
  const hardware = {
    ...fallback,
    ...(disk && { disk }),
    ...(machine?.card && { card: machine.card }),
  };
  return profile === "linux" && Object.keys(hardware).length === 0 ? undefined : { profile, ...hardware };
}

/** UEFI or BIOS, as far as it is known. */
export function chooseFirmware({
  system,
  machine,
}: Pick<KnownGuest, "system" | "machine">): OvfMachine["firmware"] {
  if (machine !== null) return machine.firmware;
  return { kind: system.isUefi ? "uefi" : "bios", secureBoot: false };
}
