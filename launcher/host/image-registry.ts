import { imageEntry, type ImageEntry } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** A stopped machine's disk on its way into the catalogue. */
export interface NewImage {
  readonly id: string;
  readonly title: string;
  /** A finished qcow2 without backing file; it is moved away. */
  readonly file: string;
  /** The machine it comes from: what it had is the new image's default. */
  readonly spec: MachineSpec;
  /** The entry that the machine was made from, if it is still there. */
  readonly origin: ImageEntry | undefined;
}

/** The images that this host offers. */
export interface ImageRegistry {
  /** As the catalogue is now. */
  entries(): readonly ImageEntry[];
  /**
   * Takes a finished disk into the catalogue. The file is moved; the entry is listed afterwards.
   * @throws RequestError `IMAGE_EXISTS`, LaunchError `IMAGE_UNKEPT`
   */
  registerImage(image: NewImage): Promise<ImageEntry>;
}

/** The entry of an image made from a machine. */
export function describeMachineImage({ id, title, spec, origin }: NewImage, file: string): ImageEntry {
  const { cpus, memoryMb, arch, firmware, display, keymap, screen, network, guest, hideKvm } = spec;
  return imageEntry.parse({
    ...{ id, title, description: `Made from the machine "${spec.name}".` },
    boot: { kind: "disk", format: "qcow2", file },
    cpus: { default: cpus, min: origin?.cpus.min ?? 1 },
    memoryMb: { default: memoryMb, min: Math.min(memoryMb, origin?.memoryMb.min ?? memoryMb) },
    ...{ arch, firmware, display, keymap, screen, network, guest, hideKvm },
    displays: origin?.displays ?? [],
    script: origin?.script ?? "none",
  });
}
