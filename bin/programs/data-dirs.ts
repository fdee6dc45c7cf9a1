import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../../protocol/index.ts";

/** The file in which a running server stores how it can be reached on this computer. */
export const RUNTIME_FILE = "runtime.json";

/** A Unix socket's path is limited to 108 bytes, NUL included; this leaves room for the socket's own name. */
const RUNTIME_PATH_MAX = 70;

/** Writes a file so that a reader sees either all of the new content or none of it. */
export async function writeAtomically(path: string, content: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}

/** Others may write into it. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes a data folder. One that others may write into is closed to them: they could put keys and settings of their own in it.
 * @throws ConfigError `DATA_DIR_OPEN` when it is open and belongs to another account
 */
export async function openDataDir(path: string): Promise<string> {
  const absolute = resolve(path);
  await mkdir(absolute, { recursive: true, mode: 0o700 });
  if (((await stat(absolute)).mode & WRITABLE_BY_OTHERS) === 0) return absolute;
  try {
    await chmod(absolute, 0o700);
  } catch (cause) {
    const text = `Other accounts may write into ${absolute}, and it belongs to one of them. Choose another folder, or have its owner close it: chmod 700 ${absolute}`;
    throw ConfigError.public("DATA_DIR_OPEN", text, { cause });
  }
  process.stderr.write(`postern: other accounts could write into ${absolute}. Its mode is 700 now.\n`);
  return absolute;
}

export interface HostFolders {
  readonly dataDir: string;
  /** The machines. */
  readonly stateDir: string;
  readonly imagesDir: string;
}

/** The folders of a host. @param given what its options name instead */
export function locateHostFolders(
  dataDir: string,
  given: { readonly state?: string | undefined; readonly images?: string | undefined } = {},
): HostFolders {
  return {
    dataDir,
    stateDir: given.state ?? join(dataDir, "machines"),
    imagesDir: given.images ?? join(dataDir, "images"),
  };
}

/** The data folder of the host that `postern up` runs beside its server. */
export function hostDataDirOfUp(dataDir: string): string {
  return join(dataDir, "host");
}

/** The data folder of the host here, absolute, by its own or by that of `postern up`. */
export function findHostDataDir(dataDir: string): string {
  const absolute = resolve(dataDir);
  const inside = hostDataDirOfUp(absolute);
  return existsSync(inside) ? inside : absolute;
}

/** The folder that {@link openRuntimeDir} uses for the sockets of a data folder; nothing is created. */
export function locateRuntimeDir(dataDir: string): { readonly base: string; readonly path: string } {
  const name = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  const uid = process.getuid?.() ?? 0;
  // Root's XDG_RUNTIME_DIR is removed when root logs out, and no other account can enter it.
  const session = uid === 0 ? undefined : process.env["XDG_RUNTIME_DIR"];
  const configured = process.env["POSTERN_RUNTIME_DIR"] ?? session;
  const base =
    configured && configured.length < RUNTIME_PATH_MAX - 24
      ? join(configured, "postern")
      : uid === 0
        ? "/run/postern"
        : join(tmpdir(), `postern-${uid}`);
  return { base, path: join(base, name) };
}

/**
 * The private folder for the Unix sockets of a data folder. Its path is short, and the same at every start.
 * @throws ConfigError `RUNTIME_DIR` when another user owns it
 */
export async function openRuntimeDir(dataDir: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const { base, path } = locateRuntimeDir(dataDir);
  // Who opens a folder to an account of machines does so by its group, and owns that right: no other program of this
  // user takes it back. What is not granted is closed: other accounts never list or write.
  const granted = new Map([
    [base, 0o711],
    [path, 0o1770],
  ]);
  for (const [folder, allowed] of granted) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== uid) {
      throw new ConfigError(
        "RUNTIME_DIR",
        `${folder} belongs to somebody else. Remove it, or set POSTERN_RUNTIME_DIR.`,
      );
    }
    const mode = found.mode & 0o7777;
    if ((mode & ~allowed) !== 0) await chmod(folder, mode & allowed);
  }
  if (Buffer.byteLength(path) > RUNTIME_PATH_MAX) {
    throw new ConfigError(
      "RUNTIME_DIR",
      `${path} is too long for sockets. Set POSTERN_RUNTIME_DIR to a shorter folder.`,
    );
  }
  return path;
}
