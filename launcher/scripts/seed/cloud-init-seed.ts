import { jsonArgument } from "../../model/argument-syntax.ts";
import { writeIso } from "./iso9660.ts";
import { hostnameOf, writeMetaData, writeUserData } from "./user-data.ts";

/** The name by which cloud-init finds its disk. */
const VOLUME = "CIDATA";

/** cloud-init's NoCloud disk for one machine. */
export function writeSeed(
  machine: { readonly id: string; readonly name: string },
  scripts: readonly string[],
): Buffer {
  return writeIso(VOLUME, [
    { name: "meta-data", data: Buffer.from(writeMetaData(machine.id, hostnameOf(machine.name))) },
    { name: "user-data", data: Buffer.from(writeUserData(scripts)) },
  ]);
}

/** The seed as QEMU shows it: a disk, because small kernels of cloud images know no CD drive. */
export function seedArguments(file: string): string[] {
  const node = {
    driver: "raw",
    "node-name": "seed0",
    "read-only": true,
    file: { driver: "file", filename: file },
  };
  return [
    ...["-blockdev", jsonArgument(node)],
    ...["-device", jsonArgument({ driver: "virtio-blk-pci", drive: "seed0" })],
  ];
}
