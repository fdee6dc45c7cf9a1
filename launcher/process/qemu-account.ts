import { chmod } from "node:fs/promises";
import { dirname } from "node:path";
import { listReadFiles } from "../images/inspect-image.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { snapshotNodes } from "../model/snapshot-nodes.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { LaunchContribution } from "./launch-extension.ts";
import { runAsAccount, type RunAs } from "../system/system-account.ts";
import { grantFiles, takeBackImage, listFoldersAbove, isWithin } from "../system/account-files.ts";
import type { Command } from "../system/child-process.ts";

type GrantedFiles = Required<Pick<LaunchContribution, "read" | "written" | "traversableFolders">>;

/** The account that QEMU runs as, and the files that it may have. */
export class QemuAccount {
  readonly runAs: RunAs;
  readonly #imagesDir: string;

  /** @param imagesDir images in it are granted here; the administrator makes others readable */
  constructor(runAs: RunAs, imagesDir: string) {
    this.runAs = runAs;
    this.#imagesDir = imagesDir;
  }

  /** Grants a machine's images alone: what prepares the disk reads them too. */
  async grantImages(spec: MachineSpec): Promise<void> {
    const files = listReadFiles(spec);
    const read = files.filter((file) => isWithin(file, this.#imagesDir));
    await grantFiles(this.runAs, { traversableFolders: this.#listFoldersAbove(files), read, written: [] });
  }

  wrapCommand(command: Command): Command {
    return runAsAccount(command, this.runAs);
  }

  /** Grants a machine's files: those that every machine has, its images, and `more`. */
  async grantMachineFiles(spec: MachineSpec, paths: MachinePaths, more: GrantedFiles): Promise<void> {
    if (this.runAs.kind === "self" && this.#isOwnMaster(spec)) await chmod(spec.boot.file, 0o600);
    const isOurs = (file: string): boolean => isWithin(file, this.#imagesDir) || isWithin(file, paths.dir);
    const { master, boot } = spec;
    const nodes = snapshotNodes(spec, paths).map(({ file }) => file);
    const written = [...new Set(master && boot.kind === "disk" ? [...nodes, boot.file] : nodes)];
    const read = listReadFiles(spec).filter((file) => !written.includes(file));
    await grantFiles(this.runAs, {
      traversableFolders: [
        ...[dirname(paths.dir), paths.dir],
        ...this.#listFoldersAbove([...written, ...read]),
        ...more.traversableFolders,
      ],
      socketFolder: dirname(paths.socketBase),
      written: [...written.filter(isOurs), paths.serialLog, paths.screenshot, ...more.written],
      read: [paths.vncSecret, ...read.filter(isOurs), ...more.read],
    });
  }

  /** Takes the image back that a machine worked on itself. @throws the system's error */
  async takeBackMaster(spec: MachineSpec): Promise<void> {
    if (this.#isOwnMaster(spec)) await takeBackImage(this.runAs, spec.boot.file);
  }

  /** Whether a machine works on an image of the images folder itself. */
  #isOwnMaster(spec: MachineSpec): spec is MachineSpec & { readonly boot: { readonly file: string } } {
    return spec.master && spec.boot.kind === "disk" && isWithin(spec.boot.file, this.#imagesDir);
  }

  /** The folders above those of the files that are in the images folder. */
  #listFoldersAbove(files: readonly string[]): string[] {
    const images = files.filter((file) => isWithin(file, this.#imagesDir));
    return [...new Set(images.flatMap((file) => listFoldersAbove(file, this.#imagesDir)))];
  }
}
