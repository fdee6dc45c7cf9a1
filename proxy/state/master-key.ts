import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { ConfigError } from "../../protocol/index.ts";
import { makeFileOnce, readIfPresent } from "./durable-file.ts";

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
    const text = (await readIfPresent(file)) ?? (await makeFileOnce(file, createKey()));
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

function createKey(): string {
  return `${randomBytes(32).toString("hex")}\n`;
}
