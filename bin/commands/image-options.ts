import { resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  ImageStore,
  listDependents,
  listUsedFiles,
  NO_FILES_IN_USE,
  type FilesInUse,
} from "../../launcher/index.ts";
import { ConfigError } from "../../protocol/index.ts";
import { findHostDataDir, locateHostFolders, type HostFolders } from "../programs/data-dirs.ts";

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
  const folder = flags.images ?? locateFolders(flags)?.imagesDir;
  if (folder === undefined)
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
  const folders = locateFolders(flags);
  return folders === null ? NO_FILES_IN_USE : listUsedFiles(folders.stateDir);
}

/** Whether machines of this host are, or may be, based on a file. */
export async function findFilesInUse(flags: ImageFlags): Promise<{ has(file: string): boolean }> {
  const inUse = await findUsedFiles(flags);
  return { has: (file) => listDependents(file, inUse).length > 0 };
}

function locateFolders({ data }: ImageFlags): HostFolders | null {
  return data === undefined ? null : locateHostFolders(findHostDataDir(data));
}
