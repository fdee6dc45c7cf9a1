import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../../protocol/index.ts";

/** Where a running server leaves how it can be reached on this computer. */
export const RUNTIME_FILE = "runtime.json";

/** A Unix socket's path ends at 108 bytes, NUL included; room is left for the socket's own name. */
const RUNTIME_PATH_MAX = 70;

/** Writes a file so that a reader sees all of it or nothing. */
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

/** Where {@link openRuntimeDir} puts the sockets of a data folder; nothing is made. */
export function locateRuntimeDir(dataDir: string): { readonly base: string; readonly path: string } {
  const name = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  const uid = process.getuid?.() ?? 0;
  // Root's session folder goes when root logs out, and lets no other account through.
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
 * The short, private folder for the Unix sockets that belong to a data folder: the same one at every start.
 * @throws ConfigError `RUNTIME_DIR` when somebody else owns it
 */
export async function openRuntimeDir(dataDir: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const { base, path } = locateRuntimeDir(dataDir);
  for (const folder of [base, path]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== uid) {
      throw new ConfigError(
        "RUNTIME_DIR",
        `${folder} belongs to somebody else. Remove it, or set POSTERN_RUNTIME_DIR.`,
      );
    }
    await chmod(folder, 0o700);
  }
  if (Buffer.byteLength(path) > RUNTIME_PATH_MAX) {
    throw new ConfigError(
      "RUNTIME_DIR",
      `${path} is too long for sockets. Set POSTERN_RUNTIME_DIR to a shorter folder.`,
    );
  }
  return path;
}
