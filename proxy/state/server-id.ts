import { randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../protocol/index.ts";

/** This server's own name among those that share a database: 32 hex digits in `server-id`, mode 0600. */
export async function loadServerId(dataDir: string): Promise<string> {
  const path = join(dataDir, "server-id");
  const id = (await readFile(path, "utf8").catch(() => createServerId(path))).trim();
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  const message = `${path} holds no server id. Remove the file; the server makes a new one.`;
  throw ConfigError.public("SERVER_ID", message);
}

async function createServerId(path: string): Promise<string> {
  const id = randomBytes(16).toString("hex");
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${id}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return id;
}
