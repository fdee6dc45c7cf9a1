import { dirname } from "node:path";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import { snapshotNodes } from "../argv/snapshot-nodes.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { asAccount } from "./account-command.ts";
import { giveFiles } from "./account-files.ts";
import type { RunAs } from "./account.ts";
import type { Command } from "./command.ts";
import { findLinks, isWithin } from "./passages.ts";

type Files = Record<"read" | "written" | "passages", readonly string[]>;

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
  async giveImages(spec: MachineSpec): Promise<void> {
    const files = bootFiles(spec);
    const read = files.filter((file) => isWithin(file, this.#imagesDir));
    await giveFiles(this.runAs, { passages: this.#findLinks(files), read, written: [] });
  }

  become(command: Command): Command {
    return asAccount(command, this.runAs);
  }

  /** Gives it a machine's files: those that every machine has, its images, and `more`. */
  async give(spec: MachineSpec, paths: MachinePaths, more: Files): Promise<void> {
    const isOurs = (file: string): boolean => isWithin(file, this.#imagesDir) || isWithin(file, paths.dir);
    const written = snapshotNodes(spec, paths).map(({ file }) => file);
    const read = bootFiles(spec).filter((file) => !written.includes(file));
    await giveFiles(this.runAs, {
      passages: [
        ...[dirname(paths.dir), paths.dir],
        ...this.#findLinks([...written, ...read]),
        ...more.passages,
      ],
      socketFolder: dirname(paths.socketBase),
      written: [...written.filter(isOurs), paths.serialLog, paths.picture, ...more.written],
      read: [paths.vncSecret, ...read.filter(isOurs), ...more.read],
    });
  }

  /** The folders that lead to images of ours. */
  #findLinks(files: readonly string[]): string[] {
    const images = files.filter((file) => isWithin(file, this.#imagesDir));
    return [...new Set(images.flatMap((file) => findLinks(file, this.#imagesDir)))];
  }
}

function bootFiles({ boot }: MachineSpec): string[] {
  return boot.kind === "kernel" ? [boot.kernel, boot.initrd] : [boot.file];
}
