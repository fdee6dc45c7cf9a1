import { jsonArgument } from "../model/argument-syntax.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** What decides where a machine's drives are plugged in. */
export type DriveSpec = Pick<MachineSpec, "arch" | "hardware">;

/** A drive's block node, and what the guest is told about it. */
interface Drive {
  readonly node: string;
  /** Its rank among the drives that are booted from. */
  readonly bootindex?: number;
  /** Stable, so that the guest finds it whatever other drives it has. */
  readonly serial?: string;
}

/** Ids of controllers that the boards do not have by themselves. */
const AHCI = "ahci0";
const SCSI = "hba0";

/** A place for each disk: 0 for the machine's own, 1 for its data disk, 2 and 3 for further ones of its image. */
type DiskPlace = 0 | 1 | 2 | 3;

/** The controller of the disks, where the board has none for them. */
export function diskControllerArguments({ arch, hardware }: DriveSpec): string[] {
  if (hardware.disk === "scsi")
    // The one of VMware's and LSI's that old systems know, too.
    return device({ driver: arch === "x86_64" ? "mptsas1068" : "virtio-scsi-pci", id: SCSI });
  return hardware.disk === "sata" && hardware.board === "pc" ? device({ driver: "ich9-ahci", id: AHCI }) : [];
}

/** A disk on the machine's disk bus. */
export function diskArguments({ hardware }: DriveSpec, place: DiskPlace, drive: Drive): string[] {
  const { node, ...about } = drive;
  switch (hardware.disk) {
    case "virtio":
      return device({ driver: "virtio-blk-pci", drive: node, ...about });
    case "sata": {
      // The first ports of the board are the CDs'.
      const bus = hardware.board === "pc" ? `${AHCI}.${place}` : `ide.${place + 2}`;
      return device({ driver: "ide-hd", drive: node, bus, ...about });
    }
    case "ide":
      return device({
        driver: "ide-hd",
        drive: node,
        bus: place < 2 ? "ide.0" : "ide.1",
        unit: place % 2,
        ...about,
      });
    case "nvme":
      // NVMe requires a serial.
      return device({ driver: "nvme", drive: node, serial: node, ...about });
    case "scsi":
      return device({ driver: "scsi-hd", drive: node, bus: `${SCSI}.0`, "scsi-id": place, lun: 0, ...about });
  }
}

/** @param place 0: the CD that the machine boots from; 1: the second one */
export function cdArguments({ arch, hardware }: DriveSpec, place: 0 | 1, drive: Drive): string[] {
  const { node, ...about } = drive;
  // ARM boards have no IDE.
  if (arch !== "x86_64") {
    const controller = device({ driver: "virtio-scsi-pci", id: `scsi${place}` });
    return [...controller, ...device({ driver: "scsi-cd", drive: node, bus: `scsi${place}.0`, ...about })];
  }
  const where = hardware.board === "pc" ? { bus: "ide.1", unit: place } : { bus: `ide.${place}` };
  return device({ driver: "ide-cd", drive: node, ...where, ...about });
}

/** A disk that cloud-init reads once: small kernels of cloud images have no CD driver. */
export function seedDriveArguments({ hardware }: DriveSpec, node: string): string[] {
  return hardware.disk === "virtio"
    ? device({ driver: "virtio-blk-pci", drive: node })
    : device({ driver: "usb-storage", drive: node, bus: "usb0.0" });
}

function device(properties: Readonly<Record<string, unknown>>): string[] {
  return ["-device", jsonArgument(properties)];
}
