import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, rename, writeFile } from "node:fs/promises";
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

export async function openDataDir(path: string): Promise<string> {
  const absolute = resolve(path);
  await mkdir(absolute, { recursive: true, mode: 0o700 });
  return absolute;
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
  // user takes it back. What nobody grants is closed: others never list or write.
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
