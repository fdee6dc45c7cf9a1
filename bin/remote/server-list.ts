import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";

const remoteServer = z.object({
  /** `https://HOST[:PORT]` */
  url: z.string(),
  /** PEM; null: a certificate authority that this machine trusts anyway. */
  ca: z.string().nullable(),
  token: z.string(),
});
/** A server that this account has signed in to. */
export type RemoteServer = z.infer<typeof remoteServer>;
const serverList = z.record(z.string(), remoteServer);

/** `~/.config/postern/servers.json`, or below `XDG_CONFIG_HOME`; it has tokens, and its owner alone reads it. */
function locateServerList(): string {
  const configured = process.env["XDG_CONFIG_HOME"];
  const folder = configured === undefined || configured === "" ? join(homedir(), ".config") : configured;
  return join(folder, "postern", "servers.json");
}

/** By name. @throws ConfigError `SERVER_LIST` */
export async function readServerList(): Promise<Record<string, RemoteServer>> {
  const file = locateServerList();
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw new ConfigError("SERVER_LIST", `${file} cannot be read.`, { cause: error });
  });
  try {
    return serverList.parse(JSON.parse(text));
  } catch {
    // What is wrong in it may be a token: it is not quoted.
    throw new ConfigError(
      "SERVER_LIST",
      `${file} is not what \`postern login\` writes. Remove it, and sign in again.`,
    );
  }
}

/** @throws ConfigError `SERVER_UNKNOWN`, `SERVER_LIST` */
export async function findRemoteServer(name: string): Promise<RemoteServer> {
  const known = await readServerList();
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(known);
  const others = names.length === 0 ? "" : ` You are signed in to: ${names.join(", ")}.`;
  throw new ConfigError(
    "SERVER_UNKNOWN",
    `You are not signed in to ${name}: \`postern login https://HOST\` does that.${others}`,
  );
}

/** @param server null: it is forgotten */
export async function keepRemoteServer(name: string, server: RemoteServer | null): Promise<void> {
  const { [name]: _before, ...others } = await readServerList();
  const file = locateServerList();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  const next = server === null ? others : { ...others, [name]: server };
  await writeFile(draft, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}
