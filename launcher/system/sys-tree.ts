import { access, chown, constants, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** `/sys`, `/proc` and `/dev` as files. The root is a parameter: tests use a folder. */
export class SysTree {
  readonly root: string;

  constructor(root = "/") {
    this.root = root;
  }

  /** @param path from the root, without a leading slash */
  at(path: string): string {
    return join(this.root, path);
  }

  /** A file's text, trimmed; null: not readable. */
  async text(path: string): Promise<string | null> {
    try {
      return (await readFile(this.at(path), "utf8")).trim();
    } catch {
      return null;
    }
  }

  /** The names in a folder, sorted; empty if it does not exist. */
  async names(path: string): Promise<string[]> {
    try {
      return (await readdir(this.at(path))).sort();
    } catch {
      return [];
    }
  }

  /** Where a link leads, as it is written; null: no link. */
  async link(path: string): Promise<string | null> {
    try {
      return await readlink(this.at(path));
    } catch {
      return null;
    }
  }

  /** The last component of a link's target. */
  async linkName(path: string): Promise<string | null> {
    const target = await this.link(path);
    return target === null ? null : basename(target);
  }

  async exists(path: string): Promise<boolean> {
    return this.#may(path, constants.F_OK);
  }

  /** Whether this process may read and write it. */
  async isAccessible(path: string): Promise<boolean> {
    return this.#may(path, constants.R_OK | constants.W_OK);
  }

  async ownerOf(path: string): Promise<FileOwner | null> {
    try {
      const { uid, gid } = await stat(this.at(path));
      return { uid, gid };
    } catch {
      return null;
    }
  }

  /** Writes to a file of the kernel. May block as long as the kernel does. @throws the kernel's error */
  async write(path: string, value: string): Promise<void> {
    // The kernel's files exist already: one that does not must not be made.
    await writeFile(this.at(path), value, { flag: constants.O_WRONLY });
  }

  async changeOwner(path: string, { uid, gid }: FileOwner): Promise<void> {
    await chown(this.at(path), uid, gid);
  }

  async #may(path: string, mode: number): Promise<boolean> {
    try {
      await access(this.at(path), mode);
      return true;
    } catch {
      return false;
    }
  }
}
