import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rm, link } from "node:fs/promises";
import path from "node:path";
import { ConfigError } from "../../protocol/index.ts";

const FILE_NAME = "master.key";
const KEY_HEX = /^[0-9a-f]{64}\n?$/;

/**
 * Reads the key that seals the database's secrets, and makes it at first start (`master.key`, 64 hex digits, mode 0600).
 * @throws ConfigError `MASTER_KEY_MALFORMED`, `MASTER_KEY_UNREADABLE`
 */
export async function loadMasterKey(dataDir: string): Promise<Buffer> {
  const file = path.join(dataDir, FILE_NAME);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const text = (await readIfPresent(file)) ?? (await createKey(file));
    if (KEY_HEX.test(text)) return Buffer.from(text.slice(0, 64), "hex");
  } catch (error) {
    throw new ConfigError("MASTER_KEY_UNREADABLE", `The key file ${file} cannot be read or made.`, {
      safeMessage: "The server's data folder cannot be used.",
      cause: error,
    });
  }
  throw new ConfigError(
    "MASTER_KEY_MALFORMED",
    `The key file ${file} does not hold 64 hex digits. Put the right file back from a backup.`,
    { safeMessage: "The server's data folder cannot be used." },
  );
}

async function readIfPresent(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** A hard link appears complete or not at all, and only once: parallel starts read the same key. */
async function createKey(file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(`${randomBytes(32).toString("hex")}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return await readFile(file, "utf8");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
