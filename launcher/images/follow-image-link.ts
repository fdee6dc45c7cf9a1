import { lstatSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { BootSource, ImageEntry } from "../../protocol/index.ts";
import { isWithin } from "../system/account-files.ts";

/**
 * The file that a link stands for, if it lies in the link's own folder or below: then nobody gets at more by a link than
 * by the folder. Other paths stay as they are, and a link among them is refused when its file is opened.
 */
export function followImageLink(path: string): string {
  try {
    if (!lstatSync(path).isSymbolicLink()) return path;
    const target = realpathSync(path);
    const folder = realpathSync(dirname(path));
    // By the folder's own name: other files of it are compared by that.
    return isWithin(target, folder) ? join(dirname(path), relative(folder, target)) : path;
  } catch {
    // What is not there, and what cannot be read, is told where it is used.
    return path;
  }
}

/** The same for all files of an image: from now on it means these, wherever the links lead later. */
export function followImageLinks<Entry extends Pick<ImageEntry, "boot" | "extraDisks" | "extraCd">>(
  entry: Entry,
): Entry {
  const { extraDisks, extraCd } = entry;
  return {
    ...entry,
    boot: followBootLinks(entry.boot),
    ...(extraDisks && {
      extraDisks: extraDisks.map((disk) => ({ ...disk, file: followImageLink(disk.file) })),
    }),
    ...(extraCd !== undefined && { extraCd: followImageLink(extraCd) }),
  };
}

function followBootLinks(boot: BootSource): BootSource {
  if (boot.kind === "kernel")
    return { ...boot, kernel: followImageLink(boot.kernel), initrd: followImageLink(boot.initrd) };
  return { ...boot, file: followImageLink(boot.file) };
}
