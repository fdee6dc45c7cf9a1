import { isDeepStrictEqual } from "node:util";
import { imageEntry, resolveHardware, type ImageEntry } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** What an image made from a machine's disk takes over. */
export interface MachineImage {
  readonly id: string;
  readonly title: string;
  /** The machine: its resources and devices are the image's defaults. */
  readonly spec: MachineSpec;
  /** The entry that the machine was made from, if it still exists. */
  readonly origin: ImageEntry | undefined;
}

/** @param file the disk: a qcow2 without a backing file */
export function describeMachineImage({ id, title, spec, origin }: MachineImage, file: string): ImageEntry {
  const { cpus, memoryMb, arch, firmware, display, keymap, screen, network, guest, hideKvm } = spec;
  const { hardware, extraCd, qemuArgs } = spec;
  return imageEntry.parse({
    ...{ id, title, description: `Made from the machine "${spec.name}".` },
    boot: { kind: "disk", format: "qcow2", file },
    cpus: { default: cpus, min: origin?.cpus.min ?? 1 },
    memoryMb: { default: memoryMb, min: Math.min(memoryMb, origin?.memoryMb.min ?? memoryMb) },
    ...{ arch, firmware, display, keymap, screen, network, guest, hideKvm },
    // Machines of earlier releases and of images that say nothing have the same hardware.
    ...(isDeepStrictEqual(hardware, resolveHardware(undefined)) ? {} : { hardware }),
    ...{ extraCd, qemuArgs },
    displays: origin?.displays ?? [],
    script: origin?.script ?? "none",
  });
}
