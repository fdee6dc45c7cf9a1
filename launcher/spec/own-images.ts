import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError, RequestError } from "../../protocol/index.ts";
import { writeJson } from "../adopt/record.ts";
import { imageEntry, type ImageEntry } from "../images/entry.ts";
import type { MachineSpec } from "./machine-spec.ts";

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

/** Images that were made from machines, kept beside the machines: one disk and one entry each. */
export class OwnImages implements ImageRegistry {
  readonly #folder: string;
  readonly #catalogue: readonly ImageEntry[];
  readonly #own: ImageEntry[];

  /**
   * @param catalogue the administrator's
   * @param folder holds the others; it is made when the first one comes
   */
  constructor(catalogue: readonly ImageEntry[], folder: string) {
    this.#catalogue = catalogue;
    this.#folder = folder;
    this.#own = readEntries(folder);
  }

  entries(): readonly ImageEntry[] {
    const ids = new Set(this.#catalogue.map((entry) => entry.id));
    return [...this.#catalogue, ...this.#own.filter((entry) => !ids.has(entry.id))];
  }

  async registerImage(image: NewImage): Promise<ImageEntry> {
    if (this.entries().some((entry) => entry.id === image.id)) {
      const text = `An image "${image.id}" exists. Choose another name.`;
      throw new RequestError("IMAGE_EXISTS", text, { safeMessage: text });
    }
    const file = join(this.#folder, `${image.id}.qcow2`);
    const entry = describeImage(image, file);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await chmod(image.file, 0o400);
      await rename(image.file, file);
      writeJson(join(this.#folder, `${image.id}.json`), entry);
    } catch (cause) {
      throw new LaunchError("IMAGE_UNKEPT", "the new image could not be kept", {
        cause,
        safeMessage: "The image could not be kept on the host. Its disk may be full.",
      });
    }
    this.#own.push(entry);
    return entry;
  }
}

/** The entry of an image made from a machine. */
export function describeImage({ id, title, spec, origin }: NewImage, file: string): ImageEntry {
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

function readEntries(folder: string): ImageEntry[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const parsed = imageEntry.safeParse(readJson(join(folder, name)));
      return parsed.success ? [parsed.data] : [];
    });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
