import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ConfigError } from "../../protocol/index.ts";
import { makeFileOnce, readIfPresent } from "./durable-file.ts";

/** This server's own name among those that share a database: 32 hex digits in `server-id`, mode 0600. */
export async function loadServerId(dataDir: string): Promise<string> {
  const path = join(dataDir, "server-id");
  const id = ((await readIfPresent(path)) ?? (await makeFileOnce(path, createServerId()))).trim();
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  const message = `${path} holds no server id. Remove the file; the server makes a new one.`;
  throw ConfigError.public("SERVER_ID", message);
}

function createServerId(): string {
  return `${randomBytes(16).toString("hex")}\n`;
}
