import { z } from "zod";
import type { Architecture } from "./image-summary.ts";

/** Devices that a guest needs drivers for. All but `virtio` are what old systems, and those of other hypervisors, know. */
export const diskBus = z.enum(["virtio", "sata", "ide", "nvme", "scsi"]);
export type DiskBus = z.infer<typeof diskBus>;
export const networkCard = z.enum(["virtio", "e1000", "e1000e", "rtl8139"]);
export type NetworkCard = z.infer<typeof networkCard>;
/** QEMU's board of an x86 machine: with PCI Express, or a PC of the nineties. */
export const machineBoard = z.enum(["q35", "pc"]);
export const soundCard = z.enum(["none", "hda", "ac97", "sb16"]);
/** What the hardware clock says: UTC, or the host's local time as Windows and DOS expect it. */
export const hardwareClock = z.enum(["utc", "local"]);

/** All that is fixed about a machine's hardware beside processors, memory, firmware and display. */
export const machineHardware = z.object({
  disk: diskBus.default("virtio"),
  card: networkCard.default("virtio"),
  board: machineBoard.default("q35"),
  clock: hardwareClock.default("utc"),
  /** Windows runs faster when it finds the interfaces of Hyper-V. Only with KVM. */
  hyperv: z.boolean().default(false),
  sound: soundCard.default("none"),
});
export type MachineHardware = z.infer<typeof machineHardware>;

/** Names for hardware that fits a kind of guest. */
export const hardwareProfile = z.enum(["linux", "windows-11", "windows-10", "legacy-pc", "bsd", "dos"]);
export type HardwareProfile = z.infer<typeof hardwareProfile>;

const WINDOWS: MachineHardware = {
  disk: "sata",
  card: "e1000e",
  board: "q35",
  clock: "local",
  hyperv: true,
  sound: "hda",
};

export const HARDWARE_PROFILES: Readonly<Record<HardwareProfile, MachineHardware>> = {
  linux: machineHardware.parse({}),
  "windows-11": WINDOWS,
  "windows-10": WINDOWS,
  "legacy-pc": { disk: "ide", card: "rtl8139", board: "pc", clock: "local", hyperv: false, sound: "ac97" },
  bsd: { ...machineHardware.parse({}), disk: "sata", card: "e1000" },
  dos: { disk: "ide", card: "rtl8139", board: "pc", clock: "local", hyperv: false, sound: "sb16" },
};

/** What an image's entry says: a profile, and what differs from it. */
export const imageHardware = z
  .object({
    profile: hardwareProfile.default("linux"),
    disk: diskBus.optional(),
    card: networkCard.optional(),
    board: machineBoard.optional(),
    clock: hardwareClock.optional(),
    hyperv: z.boolean().optional(),
    sound: soundCard.optional(),
  })
  .strict();
export type ImageHardware = z.infer<typeof imageHardware>;

/** An entry's hardware, complete. An IDE disk brings the board that has IDE, unless one is named. */
export function resolveHardware(hardware: ImageHardware | undefined): MachineHardware {
  const { profile, ...own }: ImageHardware = hardware ?? { profile: "linux" };
  const board = own.board ?? (own.disk === "ide" ? ("pc" as const) : undefined);
  return machineHardware.parse({ ...HARDWARE_PROFILES[profile], ...own, ...(board && { board }) });
}

/** Why there is no such machine, for the end of a sentence; null: there is. */
export function findHardwareFault(
  { disk, board, hyperv, sound }: MachineHardware,
  { arch, secureBoot }: { readonly arch: Architecture; readonly secureBoot: boolean },
): string | null {
  if (arch !== "x86_64") {
    if (disk === "ide" || disk === "sata") return `a machine of ${arch} has no disk bus ${disk}`;
    if (board !== "q35") return `a machine of ${arch} has no board ${board}`;
    if (hyperv) return `a machine of ${arch} has no Hyper-V interfaces`;
    return sound === "none" || sound === "hda" ? null : `a machine of ${arch} has no sound card ${sound}`;
  }
  if (disk === "ide" && board !== "pc") return `the board ${board} has no disk bus ide`;
  return secureBoot && board !== "q35" ? `the board ${board} has no Secure Boot` : null;
}
