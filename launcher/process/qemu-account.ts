import { dirname } from "node:path";
import type { MachinePaths } from "../model/machine-paths.ts";
import { snapshotNodes } from "../model/snapshot-nodes.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { grantFiles, listFoldersAbove, isWithin } from "../system/account-files.ts";
import { type RunAs, runAsAccount } from "../system/system-account.ts";
import type { Command } from "../system/child-process.ts";

type GrantedFiles = Record<"read" | "written" | "passages", readonly string[]>;

/** Who QEMU is, and what of ours it may have. */
export class QemuAccount {
  readonly runAs: RunAs;
  readonly #imagesDir: string;

  /** @param imagesDir images in it are ours to give; others the administrator lets the account read */
  constructor(runAs: RunAs, imagesDir: string) {
    this.runAs = runAs;
    this.#imagesDir = imagesDir;
  }

  /** Gives it a machine's images alone: what makes the disk ready reads them too. */
  async grantImages(spec: MachineSpec): Promise<void> {
    const files = bootFiles(spec);
    const read = files.filter((file) => isWithin(file, this.#imagesDir));
    await grantFiles(this.runAs, { traversableFolders: this.#listFoldersAbove(files), read, written: [] });
  }

  wrapCommand(command: Command): Command {
    return runAsAccount(command, this.runAs);
  }

  /** Gives it a machine's files: those that every machine has, its images, and `more`. */
  async grantMachineFiles(spec: MachineSpec, paths: MachinePaths, more: GrantedFiles): Promise<void> {
    const isOurs = (file: string): boolean => isWithin(file, this.#imagesDir) || isWithin(file, paths.dir);
    const written = snapshotNodes(spec, paths).map(({ file }) => file);
    const read = bootFiles(spec).filter((file) => !written.includes(file));
    await grantFiles(this.runAs, {
      traversableFolders: [
        ...[dirname(paths.dir), paths.dir],
        ...this.#listFoldersAbove([...written, ...read]),
        ...more.passages,
      ],
      socketFolder: dirname(paths.socketBase),
      written: [...written.filter(isOurs), paths.serialLog, paths.screenshot, ...more.written],
      read: [paths.vncSecret, ...read.filter(isOurs), ...more.read],
    });
  }

  /** The folders that lead to images of ours. */
  #listFoldersAbove(files: readonly string[]): string[] {
    const images = files.filter((file) => isWithin(file, this.#imagesDir));
    return [...new Set(images.flatMap((file) => listFoldersAbove(file, this.#imagesDir)))];
  }
}

function bootFiles({ boot }: MachineSpec): string[] {
  return boot.kind === "kernel" ? [boot.kernel, boot.initrd] : [boot.file];
}
