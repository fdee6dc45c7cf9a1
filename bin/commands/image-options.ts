import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { ImageStore, listDependents, listUsedFilesOfHosts, type FilesInUse } from "../../launcher/index.ts";
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
  return ImageStore.open({ folder: locateImages(flags), catalogueFile: flags.catalogue ?? null });
}

function locateImages(flags: ImageFlags): string {
  const folder = flags.images ?? locateFolders(flags)?.imagesDir;
  if (folder === undefined)
    throw new ConfigError(
      "IMAGES_FOLDER",
      "Say where the images are: --images DIR, or --data with the host's folder.",
    );
  return resolve(folder);
}

/**
 * The files used as base images by machines of the hosts that use the images folder, with the machines' names: of --data,
 * and of every host that has worked with the folder.
 */
export async function findUsedFiles(flags: ImageFlags): Promise<FilesInUse> {
  return listUsedFilesOfHosts(locateImages(flags), locateFolders(flags)?.stateDir ?? null);
}

/** Whether machines of these hosts are, or may be, based on a file. */
export async function findFilesInUse(flags: ImageFlags): Promise<{ has(file: string): boolean }> {
  const inUse = await findUsedFiles(flags);
  return { has: (file) => listDependents(file, inUse).length > 0 };
}

function locateFolders({ data }: ImageFlags): HostFolders | null {
  return data === undefined ? null : locateHostFolders(findHostDataDir(data));
}
