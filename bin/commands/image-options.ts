import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  ImageStore,
  listDependents,
  listUsedFiles,
  NO_FILES_IN_USE,
  type FilesInUse,
} from "../../launcher/index.ts";
import { ConfigError } from "../../protocol/index.ts";

/** Selects the images folder of a command. */
export interface ImageFlags {
  readonly images?: string;
  readonly data?: string;
  readonly catalogue?: string;
  readonly json?: boolean;
}

export function addImageFlags(command: Command): Command {
  return command
    .addOption(new Option("--images <dir>", "the images folder; default: DATA/images").env("POSTERN_IMAGES"))
    .addOption(
      new Option("--data <dir>", "the host's data folder, or that of `postern up`").env("POSTERN_DATA"),
    )
    .option("--catalogue <file>", "the host's catalogue file, where it has one")
    .option("--json", "one JSON value on standard output");
}

/** @throws ConfigError `IMAGES_FOLDER`, and the errors of the catalogue */
export async function openImageStore(flags: ImageFlags): Promise<ImageStore> {
  const data = findHostData(flags);
  const folder = flags.images ?? (data === null ? null : join(data, "images"));
  if (folder === null)
    throw new ConfigError(
      "IMAGES_FOLDER",
      "Say where the images are: --images DIR, or --data with the host's folder.",
    );
  return ImageStore.open({ folder: resolve(folder), catalogueFile: flags.catalogue ?? null });
}

/**
 * The files used as base images by machines of this host, with the machines' names; empty with only --images.
 */
export async function findUsedFiles(flags: ImageFlags): Promise<FilesInUse> {
  const data = findHostData(flags);
  return data === null ? NO_FILES_IN_USE : listUsedFiles(join(data, "machines"));
}

/** Whether machines of this host are, or may be, based on a file. */
export async function findFilesInUse(flags: ImageFlags): Promise<{ has(file: string): boolean }> {
  const inUse = await findUsedFiles(flags);
  return { has: (file) => listDependents(file, inUse).length > 0 };
}

/** `postern up` stores its host's data in a separate folder. */
function findHostData({ data }: ImageFlags): string | null {
  if (data === undefined) return null;
  const inside = join(resolve(data), "host");
  return existsSync(inside) ? inside : resolve(data);
}
